import * as nodeFs from "node:fs"
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createFsFromVolume, Volume } from "memfs"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { FileStream, type NodeFsLike } from "../../../hosts/node/file-stream.ts"
import { makeBytes, readAll } from "../../support/streams.ts"

const code = (expected: string) => expect.objectContaining({ code: expected })

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "flashtree-"))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

/** The fd functions of node:fs with some replaced. */
function fsWith(replaced: Partial<NodeFsLike>): NodeFsLike {
  return { ...(nodeFs as NodeFsLike), ...replaced }
}

function systemError(name: string): Error {
  return Object.assign(new Error(`${name}: injected`), { code: name })
}

function throwing(name: string): () => never {
  return () => {
    throw systemError(name)
  }
}

function thrownBy(task: () => unknown): unknown {
  try {
    task()
  } catch (error) {
    return error
  }
  return undefined
}

const NOBODY = 65534

/** Runs `task` as a user whom permissions bind: root, who is none, becomes nobody for that time. */
function asOrdinaryUser<Result>(task: () => Result): Result {
  if (process.geteuid?.() !== 0) return task()
  process.seteuid?.(NOBODY)
  try {
    return task()
  } finally {
    process.seteuid?.(0)
  }
}

describe("FileStream: opening", () => {
  it("creates a missing file, and never truncates one", () => {
    const path = join(folder, "data")
    const stream = new FileStream(path)
    stream.write(makeBytes(10, 1), 0)
    stream.close()
    const again = new FileStream(path)
    expect(readAll(again)).toEqual(makeBytes(10, 1))
    again.close()
    expect(new Uint8Array(readFileSync(path))).toEqual(makeBytes(10, 1))
  })

  it("does not create when told not to: EIO says what to do, with the cause", () => {
    const path = join(folder, "data")
    expect(() => new FileStream(path, { create: false })).toThrow(
      expect.objectContaining({ code: "EIO", cause: code("ENOENT") }),
    )
    expect(() => new FileStream(path, { create: false })).toThrow("open with create: true")
    expect(() => statSync(path)).toThrow("ENOENT")
    expect(() => new FileStream(join(folder, "none", "data"))).toThrow(
      `create the directory ${join(folder, "none")} first`,
    )
  })

  it("does not create when read-only", () => {
    expect(() => new FileStream(join(folder, "data"), { readonly: true })).toThrow("does not exist")
  })

  it("gives EIO for a directory", () => {
    mkdirSync(join(folder, "sub"))
    expect(() => new FileStream(join(folder, "sub"))).toThrow(
      expect.objectContaining({ code: "EIO", cause: code("EISDIR") }),
    )
  })

  it("gives EROFS for a file that may be read but not written", () => {
    const path = join(folder, "data")
    writeFileSync(path, "x")
    chmodSync(folder, 0o755)
    chmodSync(path, 0o444)
    const { read, error } = asOrdinaryUser(() => {
      const stream = new FileStream(path, { readonly: true })
      const read = readAll(stream)
      stream.close()
      return { read, error: thrownBy(() => new FileStream(path)) }
    })
    expect(read).toEqual(Uint8Array.of(0x78))
    expect(error).toEqual(code("EROFS"))
  })

  it("closes the file again when it cannot tell its size", () => {
    const closed: number[] = []
    const fs = fsWith({ openSync: () => 77, fstatSync: throwing("EIO"), closeSync: (fd) => closed.push(fd) })
    expect(() => new FileStream("data", { fs })).toThrow(code("EIO"))
    expect(closed).toEqual([77])
  })

  it("opens with the file system's own flags, and those of Linux without any", () => {
    const seen: number[] = []
    const openSync = (_path: string, flags: number) => {
      seen.push(flags)
      return 77
    }
    const rest = { openSync, fstatSync: () => ({ size: 0 }) }
    const constants = { O_RDONLY: 0x1000, O_RDWR: 0x2000, O_CREAT: 0x4000 }
    new FileStream("data", { fs: fsWith({ ...rest, constants }) })
    new FileStream("data", { fs: fsWith({ ...rest, constants }), readonly: true })
    new FileStream("data", { fs: fsWith({ ...rest, constants }), create: false })
    const { constants: _none, ...without } = fsWith(rest)
    new FileStream("data", { fs: without })
    expect(seen).toEqual([0x6000, 0x1000, 0x2000, 0o102])
  })

  it("works on what memfs makes of a Volume too", () => {
    const volume = new Volume()
    const stream = new FileStream("/data", { fs: createFsFromVolume(volume) as unknown as NodeFsLike })
    stream.write(makeBytes(10, 1), 0)
    expect(new Uint8Array(volume.readFileSync("/data") as Buffer)).toEqual(makeBytes(10, 1))
  })
})

describe("FileStream: the system's errors", () => {
  it.each([
    ["EACCES", "EROFS"],
    ["EPERM", "EROFS"],
    ["EROFS", "EROFS"],
    ["ENOSPC", "ENOSPC"],
    ["EDQUOT", "ENOSPC"],
    ["EFBIG", "ENOSPC"],
    ["EIO", "EIO"],
    ["EBADF", "EIO"],
  ])("%s comes as %s from every call, with the cause", (system, expected) => {
    const fault = { on: false }
    const faulty = <Arguments extends unknown[], Result>(original: (...args: Arguments) => Result) => {
      return (...args: Arguments): Result => (fault.on ? throwing(system)() : original(...args))
    }
    const plain: NodeFsLike = nodeFs
    const fs = fsWith({
      readSync: faulty(plain.readSync),
      writeSync: faulty(plain.writeSync),
      ftruncateSync: faulty(plain.ftruncateSync),
      fsyncSync: faulty(plain.fsyncSync),
    })
    const stream = new FileStream(join(folder, "data"), { fs })
    stream.write(makeBytes(10, 1), 0)
    stream.flush()
    fault.on = true
    const failed = expect.objectContaining({ code: expected, cause: code(system) })
    expect(() => stream.read(new Uint8Array(4), 0)).toThrow(failed)
    expect(() => stream.write(new Uint8Array(4), 9)).toThrow(failed)
    expect(() => stream.setSize(100)).toThrow(failed)
    expect(() => stream.flush()).toThrow(failed)
    expect(() => new FileStream("data", { fs: fsWith({ openSync: throwing(system) }) })).toThrow(failed)
    fault.on = false
    expect(stream.size()).toBe(10)
    expect(readAll(stream)).toEqual(makeBytes(10, 1))
    stream.close()
  })

  it("gives EIO for what throws no system error", () => {
    const fs = fsWith({
      readSync: () => {
        throw "text"
      },
    })
    writeFileSync(join(folder, "data"), "abc")
    const stream = new FileStream(join(folder, "data"), { fs })
    expect(() => stream.read(new Uint8Array(4), 0)).toThrow(
      expect.objectContaining({ code: "EIO", cause: "text", message: expect.stringContaining("text") }),
    )
    stream.close()
  })

  it("gives EIO from close, which is closed all the same", () => {
    const stream = new FileStream(join(folder, "data"), {
      fs: fsWith({
        closeSync: (fd) => {
          nodeFs.closeSync(fd)
          throw systemError("EIO")
        },
      }),
    })
    expect(() => stream.close()).toThrow(code("EIO"))
    stream.close()
    expect(() => stream.size()).toThrow(code("ECLOSED"))
  })
})

describe("FileStream: transfers", () => {
  it("goes on after short reads and writes", () => {
    const fs = fsWith({
      readSync: (fd, buffer, offset, length, position) =>
        nodeFs.readSync(fd, buffer, offset, Math.min(length, 7), position),
      writeSync: (fd, buffer, offset, length, position) =>
        nodeFs.writeSync(fd, buffer, offset, Math.min(length, 7), position),
    })
    const stream = new FileStream(join(folder, "data"), { fs })
    stream.write(makeBytes(100, 1), 3, 10, 50)
    const target = new Uint8Array(60)
    expect(stream.read(target, 3, 5)).toBe(50)
    expect(target.subarray(5, 55)).toEqual(makeBytes(100, 1).subarray(10, 60))
    stream.close()
  })

  it("knows the size after a write that failed half-way", () => {
    let calls = 0
    const fs = fsWith({
      writeSync: (fd, buffer, offset, _length, position) =>
        calls++ === 0 ? nodeFs.writeSync(fd, buffer, offset, 4, position) : throwing("ENOSPC")(),
    })
    const stream = new FileStream(join(folder, "data"), { fs })
    expect(() => stream.write(makeBytes(10, 1), 0)).toThrow("wrote 4 of 10 bytes at 0")
    expect(stream.size()).toBe(4)
    expect(readAll(stream)).toEqual(makeBytes(10, 1).subarray(0, 4))
    stream.close()
  })

  it("gives EIO when the system takes or gives nothing, instead of trying for ever", () => {
    const path = join(folder, "data")
    writeFileSync(path, "abcdef")
    const stream = new FileStream(path, { fs: fsWith({ readSync: () => 0, writeSync: () => 0 }) })
    expect(() => stream.write(new Uint8Array(4), 0)).toThrow("wrote 0 of 4 bytes at 0")
    expect(() => stream.write(new Uint8Array(4), 0)).toThrow(code("EIO"))
    expect(() => stream.read(new Uint8Array(4), 0)).toThrow("read 0 of 4 bytes at 0")
    expect(() => stream.read(new Uint8Array(4), 0)).toThrow(code("EIO"))
    stream.close()
  })

  it("costs one system call a read or write, none for the size, none past the end", () => {
    const calls: string[] = []
    const fs = fsWith({
      fstatSync: (fd) => {
        calls.push("fstat")
        return nodeFs.fstatSync(fd)
      },
      readSync: (fd, buffer, offset, length, position) => {
        calls.push(`read ${position}+${length}`)
        return nodeFs.readSync(fd, buffer, offset, length, position)
      },
      writeSync: (fd, buffer, offset, length, position) => {
        calls.push(`write ${position}+${length}`)
        return nodeFs.writeSync(fd, buffer, offset, length, position)
      },
      ftruncateSync: (fd, size) => {
        calls.push(`truncate ${size}`)
        nodeFs.ftruncateSync(fd, size)
      },
    })
    const stream = new FileStream(join(folder, "data"), { fs })
    stream.write(makeBytes(100, 1), 0)
    stream.size()
    stream.read(new Uint8Array(60), 50)
    stream.read(new Uint8Array(60), 100)
    stream.setSize(100)
    stream.setSize(50)
    expect(calls).toEqual(["fstat", "write 0+100", "read 50+50", "truncate 50"])
    stream.close()
  })
})

describe("FileStream: readonly", () => {
  it("reads, refuses changes with EROFS, and flushes nothing", () => {
    const path = join(folder, "data")
    writeFileSync(path, makeBytes(10, 1))
    const stream = new FileStream(path, { readonly: true, fs: fsWith({ fsyncSync: throwing("EIO") }) })
    expect(stream.readonly).toBe(true)
    expect(readAll(stream)).toEqual(makeBytes(10, 1))
    expect(() => stream.write(makeBytes(4, 2), 0)).toThrow(code("EROFS"))
    expect(() => stream.setSize(4)).toThrow(code("EROFS"))
    stream.flush()
    stream.close()
    expect(new Uint8Array(readFileSync(path))).toEqual(makeBytes(10, 1))
  })
})

describe("FileStream: flush", () => {
  const counting = (failing?: string) => {
    const synced: string[] = []
    const paths = new Map<number, string>()
    const fs = fsWith({
      openSync: (path, flags, mode) => {
        const fd = nodeFs.openSync(path, flags, mode)
        paths.set(fd, path)
        return fd
      },
      fsyncSync: (fd) => {
        synced.push(paths.get(fd) as string)
        if (failing !== undefined && paths.get(fd) === folder) throw systemError(failing)
        nodeFs.fsyncSync(fd)
      },
    })
    return { fs, synced }
  }

  it("makes the name of a new file durable once, through its directory", () => {
    const path = join(folder, "data")
    const { fs, synced } = counting()
    const stream = new FileStream(path, { fs })
    stream.write(makeBytes(10, 1), 0)
    stream.flush()
    stream.flush()
    expect(synced).toEqual([path, folder, path])
    stream.close()
    synced.length = 0
    const again = new FileStream(path, { fs })
    again.flush()
    expect(synced).toEqual([path])
    again.close()
  })

  it("lives with directories that cannot be flushed, but not with a medium that fails", () => {
    const lenient = new FileStream(join(folder, "data"), { fs: counting("EPERM").fs })
    lenient.flush()
    lenient.close()
    const strict = new FileStream(join(folder, "data"), { fs: counting("EIO").fs })
    expect(() => strict.flush()).toThrow(expect.objectContaining({ code: "EIO", cause: code("EIO") }))
    strict.close()
  })
})
