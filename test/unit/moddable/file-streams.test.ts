/**
 * Goal: the file streams of the Moddable host use the SDK's files as they are, refuse what cannot be, and come back from errors. Method:
 * doubles of the SDK's modules on LittleFS, which count what is open and can be told to fail. What all streams have in common is
 * tested in test/conformance/moddable-streams.test.ts.
 */
import { beforeEach, describe, expect, it } from "vitest"
import { FileStream, open, SegmentedFileStream } from "../../../hosts/moddable/moddable.ts"
import * as legacy from "../../../hosts/moddable/moddable-legacy.ts"
import * as btree from "../../../src/btree/index.ts"
import { MemoryStream } from "../../../src/stream/memory-stream.ts"
import type { LittleFs } from "../../support/littlefs-cost.ts"
import realRoot from "../../support/moddable/embedded-files.ts"
import { type DirectoryDouble, makeLittleFs } from "../../support/moddable/files-double.ts"
import { makeBytes, readAll } from "../../support/streams.ts"

const code = (expected: string, words = "") =>
  expect.objectContaining({ code: expected, message: expect.stringContaining(words) })

let fs: LittleFs
let root: DirectoryDouble
beforeEach(() => {
  const made = makeLittleFs()
  fs = made.fs
  root = made.root
})

/** Makes the next calls of a file's method fail with a text as the SDK has it. */
function failing(name: "write" | "flush" | "read", message: string): () => void {
  const openFile = root.openFile.bind(root)
  let broken = true
  const breakFile = (file: ReturnType<typeof openFile>) => {
    const method = file[name].bind(file) as (...args: unknown[]) => unknown
    Object.assign(file, {
      [name]: (...args: unknown[]) => {
        if (broken) throw new Error(message)
        return method(...args)
      },
    })
    return file
  }
  for (const file of root.files) breakFile(file)
  root.openFile = (options) => breakFile(openFile(options))
  return () => {
    broken = false
  }
}

describe("FileStream", () => {
  it("makes a file that is missing, and keeps one that is there", () => {
    const stream = new FileStream("data", { files: root })
    stream.write(makeBytes(10, 1), 0)
    stream.close()
    const again = new FileStream("data", { files: root })
    expect(readAll(again)).toEqual(makeBytes(10, 1))
    again.close()
    expect(root.stillOpen).toBe(0)
  })

  it("does not empty a file that cannot be opened", () => {
    const stream = new FileStream("data", { files: root })
    stream.write(makeBytes(10, 1), 0)
    stream.close()
    const openFile = root.openFile.bind(root)
    root.openFile = () => {
      throw new Error("no memory")
    }
    expect(() => new FileStream("data", { files: root })).toThrow(code("EIO", "no memory"))
    root.openFile = openFile
    expect(new FileStream("data", { files: root }).size()).toBe(10)
  })

  it("reads only, when it is told so", () => {
    expect(() => new FileStream("data", { files: root, readonly: true })).toThrow(
      code("EIO", "does not exist"),
    )
    new FileStream("data", { files: root }).close()
    const stream = new FileStream("data", { files: root, readonly: true })
    expect(() => stream.write(makeBytes(1, 1), 0)).toThrow(code("EROFS"))
    expect(() => stream.setSize(1)).toThrow(code("EROFS"))
    stream.flush()
  })

  it.each(["", "/data", "../data", "a/../b", 7])("refuses the path %s", (path) => {
    expect(() => new FileStream(path as string, { files: root })).toThrow(code("EINVAL", "path"))
    expect(() => new SegmentedFileStream(path as string, { files: root })).toThrow(code("EINVAL", "path"))
  })

  it("gives a full file system as ENOSPC, and the rest as EIO with the cause", () => {
    const stream = new FileStream("data", { files: root })
    const mend = failing("write", "LFS ERR -28")
    expect(() => stream.write(makeBytes(1, 1), 0)).toThrow(code("ENOSPC"))
    mend()
    failing("flush", "Device busy")
    expect(() => stream.flush()).toThrow(code("EIO", "Device busy"))
    expect(() => stream.flush()).toThrow(expect.objectContaining({ cause: expect.any(Error) }))
  })

  it("makes one view of a part of a buffer, and keeps it", () => {
    const stream = new FileStream("data", { files: root })
    stream.write(makeBytes(4096, 1), 0)
    const slab = new Uint8Array(2048)
    for (let i = 0; i < 4; i++) stream.read(slab, i * 512, i * 512, 512)
    const views = [...stream._views._list]
    for (let i = 0; i < 4; i++) stream.read(slab, 2048 + i * 512, i * 512, 512)
    expect(views).toHaveLength(4)
    expect(stream._views._list).toEqual(views)
    for (let i = 0; i < 100; i++) stream.read(slab, 0, i, 8)
    expect(stream._views._list.length).toBeLessThan(40)
    expect(slab.subarray(99, 107)).toEqual(makeBytes(4096, 1).subarray(0, 8))
  })
})

describe("SegmentedFileStream", () => {
  const make = (options?: object) => new SegmentedFileStream("db", { files: root, ...options })

  it("makes nothing but its folder before the first flush", () => {
    const stream = make()
    stream.write(makeBytes(20, 1), 0)
    expect(root.status("db").mode).toBe(2)
    expect(root.opened).toBe(0)
    stream.flush()
    expect(root.status("db/log1").mode).toBe(1)
    stream.close()
    expect(root.stillOpen).toBe(0)
  })

  it("spreads a large stream over segments, and removes them when it shrinks", () => {
    const stream = make({ segmentLength: 1024 })
    const bytes = makeBytes(10_000, 1)
    stream.write(bytes, 0)
    stream.flush()
    expect(root.status("db/9").mode).toBe(1)
    expect(readAll(stream)).toEqual(bytes)
    stream.setSize(1500)
    stream.write(makeBytes(3000, 2), 1400)
    stream.flush()
    expect(root.status("db/9").mode).toBe(0)
    expect(root.status("db/4").mode).toBe(1)
    stream.close()
    const again = make({ segmentLength: 1024 })
    expect(readAll(again).subarray(0, 1400)).toEqual(bytes.subarray(0, 1400))
    expect(readAll(again).subarray(1400)).toEqual(makeBytes(3000, 2))
    expect(again.size()).toBe(4400)
  })

  it("keeps few files open, however many segments are read", () => {
    const stream = make({ segmentLength: 256 })
    stream.write(makeBytes(10_000, 1), 0)
    stream.flush()
    expect(readAll(stream)).toEqual(makeBytes(10_000, 1))
    expect(root.stillOpen).toBeLessThanOrEqual(5)
    stream.close()
    expect(root.stillOpen).toBe(0)
  })

  it("goes back to the last flush, also after more was written than the log keeps in memory", () => {
    const stream = make()
    stream.write(makeBytes(3000, 1), 0)
    stream.flush()
    stream.write(makeBytes(2500, 2), 100)
    expect(readAll(stream).subarray(100, 2600)).toEqual(makeBytes(2500, 2))
    stream.rollback()
    expect(readAll(stream)).toEqual(makeBytes(3000, 1))
    stream.write(makeBytes(10, 3), 0)
    stream.flush()
    stream.close()
    const again = make()
    expect(readAll(again).subarray(0, 10)).toEqual(makeBytes(10, 3))
    expect(readAll(again).subarray(10)).toEqual(makeBytes(3000, 1).subarray(10))
  })

  it("refuses to go on after a write that failed, until it is rolled back", () => {
    const stream = make()
    stream.write(makeBytes(100, 1), 0)
    stream.flush()
    const mend = failing("flush", "LFS ERR -28")
    stream.write(makeBytes(100, 2), 0)
    expect(() => stream.flush()).toThrow(code("ENOSPC"))
    expect(() => stream.write(makeBytes(1, 1), 0)).toThrow(code("EIO", "roll back"))
    expect(() => stream.flush()).toThrow(code("EIO", "roll back"))
    mend()
    stream.rollback()
    expect(readAll(stream)).toEqual(makeBytes(100, 1))
    stream.write(makeBytes(50, 3), 0)
    stream.flush()
    stream.close()
    expect(readAll(make()).subarray(0, 50)).toEqual(makeBytes(50, 3))
  })

  it("keeps what was flushed in the log while the segments cannot be written", () => {
    const stream = make({ logLength: 100 })
    const openFile = root.openFile.bind(root)
    root.openFile = (options) => {
      if (options.path === "db/0" && options.mode !== "r") throw new Error("LFS ERR -28")
      return openFile(options)
    }
    for (let i = 0; i < 5; i++) {
      stream.write(makeBytes(100, i), i * 100)
      stream.flush()
    }
    stream.close()
    root.openFile = openFile
    const again = make({ logLength: 100 })
    expect(readAll(again).subarray(400)).toEqual(makeBytes(100, 4))
    again.write(makeBytes(10, 9), 0)
    again.flush()
    expect(root.status("db/0").mode).toBe(1)
    expect(readAll(again).subarray(0, 10)).toEqual(makeBytes(10, 9))
    expect(readAll(again).subarray(400)).toEqual(makeBytes(100, 4))
  })

  it("reads only, when it is told so, log included", () => {
    expect(() => make({ readonly: true })).toThrow(code("EFTYPE"))
    const stream = make()
    stream.write(makeBytes(100, 1), 0)
    stream.flush()
    stream.close()
    const commits = fs.commits
    const again = make({ readonly: true })
    expect(readAll(again)).toEqual(makeBytes(100, 1))
    expect(() => again.write(makeBytes(1, 1), 0)).toThrow(code("EROFS"))
    expect(() => again.setSize(1)).toThrow(code("EROFS"))
    again.close()
    expect(fs.commits).toBe(commits)
  })

  it("refuses what is no folder of its kind", () => {
    new FileStream("db", { files: root }).close()
    expect(() => make()).toThrow(code("EFTYPE", "not a folder"))
    root.delete("db")
    root.createDirectory("db")
    new FileStream("db/0", { files: root }).close()
    expect(() => make()).toThrow(code("EFTYPE", "not a folder"))
    root.delete("db/0")
    const stream = make({ segmentLength: 1024 })
    stream.write(makeBytes(10, 1), 0)
    stream.flush()
    stream.close()
    expect(() => make()).toThrow(code("EFTYPE", "segments of 1024"))
    expect(() => make({ segmentLength: 1000 })).toThrow(code("EINVAL", "256"))
  })

  it("ignores what stands behind the last whole flush of its log", () => {
    const stream = make()
    stream.write(makeBytes(100, 1), 0)
    stream.flush()
    stream.close()
    const log = root.openFile({ path: "db/log1", mode: "r+" })
    const size = log.status().size
    log.write(makeBytes(300, 7), size)
    log.close()
    expect(readAll(make())).toEqual(makeBytes(100, 1))
    const damaged = root.openFile({ path: "db/log1", mode: "r+" })
    damaged.write(Uint8Array.of(0), 30)
    damaged.close()
    expect(make().size()).toBe(0)
  })

  it("has at most 2 GB", () => {
    expect(() => make().write(makeBytes(2, 1), 0x7fffffff)).toThrow(code("EINVAL", "2147483647"))
    expect(() => make().setSize(0x80000000)).toThrow(code("EINVAL", "2147483647"))
  })
})

describe("open", () => {
  it.each([
    ["embedded:storage/files", open, "settings"],
    ["the older module", legacy.open, "settings"],
  ])("makes a store of segment files over %s", (_name, openStore, file) => {
    const store = openStore({ file, pagesize: 512 })
    store.set("b", "2")
    store.set("a", "1")
    store.flush()
    store.set("c", "3")
    store.rollback()
    expect(() => openStore({ file })).toThrow(code("EBUSY", file))
    store.close()
    store.close()
    const again = openStore({ file })
    expect([...again].map(String)).toEqual(["97", "98"])
    again.close()
    expect(() => openStore({} as never)).toThrow(code("EINVAL", "file, device"))
    expect(() => openStore(null as never)).toThrow(code("EINVAL", "object"))
    expect(() => openStore({ file: "/x" })).toThrow(code("EINVAL", "path"))
  })

  it("takes a btree file that is there as it is", () => {
    const memory = new MemoryStream()
    const tree = btree.open(memory, { pagesize: 512 })
    tree.set("made", "on the desk")
    tree.close()
    const file = new FileStream("table.db")
    file.write(memory.bytes(), 0)
    file.close()
    const store = open({ file: "table.db", readonly: true })
    expect(store.has("made")).toBe(true)
    expect(() => store.set("a", "1")).toThrow(code("EROFS"))
    store.close()
    expect(realRoot.stillOpen).toBe(0)
  })
})
