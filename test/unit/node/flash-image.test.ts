/**
 * Goal: a partition file behaves as the flash it came from, and what is done to it is in the file. Method: a
 * device over a file in a temporary folder, or over a memfs Volume whose calls can be made to fail; the file is
 * read back with node:fs after each step.
 */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createFsFromVolume, Volume } from "memfs"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import {
  FlashImage,
  type FlashImageOptions,
  FlashViolation,
  type NodeFsLike,
} from "../../../hosts/node/node.ts"
import { SimulatedFlash } from "../../../hosts/node/simulator/simulated-flash.ts"
import { makeBytes } from "../../support/streams.ts"

const code = (expected: string) => expect.objectContaining({ code: expected })

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "flashtree-"))
  path = join(folder, "partition.bin")
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

function contents(): Uint8Array {
  return new Uint8Array(readFileSync(path))
}

function makeImage(bytes: Uint8Array, options?: FlashImageOptions): FlashImage {
  writeFileSync(path, bytes)
  return new FlashImage(path, options)
}

describe("opening a flash image", () => {
  it("tells its geometry, which is one of 4 KiB blocks unless said otherwise", () => {
    const image = makeImage(new Uint8Array(16384).fill(0xff))
    expect(image.status()).toEqual({
      size: 16384,
      blocks: 4,
      blockLength: 4096,
      writeAlign: 1,
      eraseValue: 0xff,
      erasedReads: "ff",
    })
    image.close()
    const other = new FlashImage(path, { blockLength: 2048, writeAlign: 8, readonly: true })
    expect(other.status()).toMatchObject({ blocks: 8, blockLength: 2048, writeAlign: 8 })
    other.close()
  })

  it("changes nothing", () => {
    makeImage(makeBytes(8192, 1)).close()
    expect(contents()).toEqual(makeBytes(8192, 1))
  })

  it("of a missing file says so, and makes none", () => {
    expect(() => new FlashImage(path)).toThrow(
      expect.objectContaining({ code: "EIO", cause: code("ENOENT") }),
    )
    expect(() => new FlashImage(path)).toThrow(`${path} does not exist`)
    expect(() => new FlashImage(path, { readonly: true })).toThrow("does not exist")
    expect(() => readFileSync(path)).toThrow("ENOENT")
  })

  it("takes the name of a file, and shows nothing of the bytes that are given in its place", () => {
    const bytes = makeBytes(8192, 1) as unknown as string
    expect(() => new FlashImage(bytes)).toThrow(
      expect.objectContaining({
        code: "EINVAL",
        message: "EINVAL: path is object, expected the name of a file",
      }),
    )
  })

  it.each([
    [5000, 4096],
    [2048, 4096],
    [0, 4096],
    [4096, 8192],
  ])("of %d bytes with blocks of %d is refused", (size, blockLength) => {
    const open = () => makeImage(new Uint8Array(size), { blockLength })
    expect(open).toThrow(code("EINVAL"))
    expect(open).toThrow(`has ${size} bytes, expected a multiple of the block length ${blockLength}`)
  })

  it("leaves no file open when it refuses one", () => {
    const volume = Volume.fromJSON({ "/image": "short" })
    const real = createFsFromVolume(volume) as unknown as NodeFsLike
    let open = 0
    const openSync = (...args: Parameters<NodeFsLike["openSync"]>) => {
      open++
      return real.openSync(...args)
    }
    const closeSync = (fd: number) => {
      open--
      real.closeSync(fd)
    }
    const fs: NodeFsLike = { ...real, openSync, closeSync }
    expect(() => new FlashImage("/image", { fs })).toThrow(code("EINVAL"))
    expect(open).toBe(0)
  })

  it("refuses an impossible geometry", () => {
    expect(() => makeImage(new Uint8Array(4096), { blockLength: 1000 })).toThrow(code("EINVAL"))
    expect(() => makeImage(new Uint8Array(4096), { blockLength: 0 })).toThrow(code("EINVAL"))
    expect(() => makeImage(new Uint8Array(4096), { writeAlign: 3 })).toThrow(code("EINVAL"))
  })

  const unlessRoot = process.getuid?.() === 0 ? (_name: string, _test: () => void) => {} : it
  // Root may write any file; the errors themselves are injected in file-stream.test.ts.
  unlessRoot("of a file that may only be read needs readonly", () => {
    writeFileSync(path, makeBytes(4096, 1))
    chmodSync(path, 0o444)
    expect(() => new FlashImage(path)).toThrow(code("EROFS"))
    new FlashImage(path, { readonly: true }).close()
  })
})

describe("a flash image", () => {
  it("reads, programs and erases, and the file has it at once", () => {
    const expected = new Uint8Array(12288).fill(0xff)
    const image = makeImage(expected)
    image.write(makeBytes(1000, 2), 3600)
    expected.set(makeBytes(1000, 2), 3600)
    expect(contents()).toEqual(expected)
    const bytes = new Uint8Array(500)
    expect(image.read(bytes, 3900)).toBe(500)
    expect(bytes).toEqual(makeBytes(1000, 2).subarray(300, 800))
    image.write(makeBytes(96, 8), 12192)
    image.eraseBlock(1, 3)
    expected.fill(0xff, 4096)
    expect(contents()).toEqual(expected)
    image.write(makeBytes(10, 3), 4096)
    image.close()
    expected.set(makeBytes(10, 3), 4096)
    expect(contents()).toEqual(expected)
  })

  it("keeps to the rules of NOR flash, and a violation does not reach the file", () => {
    const bytes = new Uint8Array(8192).fill(0xff)
    bytes.set(makeBytes(16, 4))
    const image = makeImage(bytes, { writeAlign: 4 })
    const violations: [() => void, string][] = [
      [() => image.write(new Uint8Array(4), 12), "byte 12: this unit of 4 bytes is programmed a second time"],
      [() => image.write(new Uint8Array(4).fill(0xff), 0), "would set a bit"],
      [() => image.write(new Uint8Array(4), 18), "starts off the write alignment"],
      [() => image.write(new Uint8Array(8), 8188), "the chip has 8192 bytes"],
      [() => image.eraseBlock(1, 3), "the chip has 2 blocks"],
      [() => image.read(new Uint8Array(8), 8188), "the chip has 8192 bytes"],
    ]
    for (const [call, message] of violations) {
      expect(call).toThrow(FlashViolation)
      expect(call).toThrow(message)
    }
    expect(contents()).toEqual(bytes)
    image.write(new Uint8Array(4), 16)
    image.close()
  })

  it("that is read-only refuses to change", () => {
    const image = makeImage(makeBytes(4096, 5), { readonly: true })
    expect(image.readonly).toBe(true)
    expect(() => image.write(new Uint8Array(0), 0)).toThrow(code("EROFS"))
    expect(() => image.eraseBlock(0, 1)).toThrow(code("EROFS"))
    expect(image.read(new Uint8Array(4096), 0)).toBe(4096)
    image.close()
    expect(contents()).toEqual(makeBytes(4096, 5))
  })

  it("holds what a simulated chip held", () => {
    const flash = new SimulatedFlash({ size: 8192 })
    flash.write(makeBytes(300, 6), 4000)
    const image = makeImage(flash.image())
    const bytes = new Uint8Array(8192)
    image.read(bytes, 0)
    image.close()
    expect(bytes).toEqual(flash.image())
  })

  it("is closed once and for all", () => {
    const image = makeImage(makeBytes(4096, 7))
    image.close()
    image.close()
    expect(() => image.read(new Uint8Array(1), 0)).toThrow(code("ECLOSED"))
    expect(() => image.write(new Uint8Array(1), 0)).toThrow(code("ECLOSED"))
    expect(() => image.eraseBlock(0, 1)).toThrow(code("ECLOSED"))
    expect(() => image.status()).toThrow(code("ECLOSED"))
  })
})

describe("a flash image whose file fails", () => {
  function failing(
    method: keyof NodeFsLike,
    reason: string,
  ): { image: FlashImage; heal(): void; closed: number[] } {
    const volume = Volume.fromJSON({})
    volume.writeFileSync("/image", Buffer.alloc(8192, 0xff))
    const real = createFsFromVolume(volume) as unknown as NodeFsLike
    const closed: number[] = []
    const closeSync = (fd: number) => {
      closed.push(fd)
      real.closeSync(fd)
    }
    const fs: NodeFsLike = { ...real, closeSync }
    const image = new FlashImage("/image", { fs })
    fs[method] = (() => {
      throw Object.assign(new Error(`${reason}: injected`), { code: reason })
    }) as never
    const heal = () => Object.assign(fs, { [method]: real[method] })
    return { image, heal, closed }
  }

  it("says why, and takes no more changes: the file and the memory no longer agree", () => {
    const { image, heal } = failing("writeSync", "ENOSPC")
    expect(() => image.write(new Uint8Array(4), 0)).toThrow(code("ENOSPC"))
    heal()
    expect(() => image.write(new Uint8Array(4), 8)).toThrow("a write to /image failed before: reopen it")
    expect(() => image.eraseBlock(0, 1)).toThrow(code("EIO"))
    image.read(new Uint8Array(4), 0)
    image.close()
  })

  it("is not poisoned by a violation", () => {
    const { image, heal } = failing("writeSync", "EIO")
    expect(() => image.write(new Uint8Array(4), 8190)).toThrow(FlashViolation)
    heal()
    image.write(new Uint8Array(4), 0)
    image.close()
  })

  it("says at close when its changes may not be durable, and closes the file all the same", () => {
    const { image, closed } = failing("fsyncSync", "EIO")
    image.write(new Uint8Array(4), 0)
    expect(() => image.close()).toThrow(code("EIO"))
    expect(closed).toHaveLength(1)
    image.close()
    expect(closed).toHaveLength(1)
  })
})
