/**
 * A double of the SDK's older module `file` on LittleFS: opening for writing makes the file, a read past the end throws, nothing
 * shortens a file, and only close() makes what was written durable.
 */
import { LittleFs, type LittleFsFile } from "../littlefs-cost.ts"
import config from "./mc-config.ts"
import { bufferBytes, toInteger } from "./nor.ts"

const ROOT = config.file.root

/** The file system below. */
export const fs = new LittleFs()

function inside(path: string): string {
  if (!path.startsWith(ROOT)) throw new Error("LFS ERR -2")
  return path.slice(ROOT.length)
}

export class File {
  _handle: LittleFsFile | null
  _writable: boolean
  _position = 0

  constructor(path: string, write = false) {
    const name = inside(path)
    const kind = fs.kind(name)
    if (kind === "folder") throw new Error("LFS ERR -21")
    if (kind === undefined && !write) throw new Error("LFS ERR -2")
    this._handle = fs.open(name, false)
    this._writable = write
  }

  get _open(): LittleFsFile {
    if (this._handle === null) throw new SyntaxError("this: no host data")
    return this._handle
  }

  get length(): number {
    return this._open.size
  }

  get position(): number {
    return this._position
  }

  set position(position: number) {
    if (toInteger(position) < 0) throw new Error("LFS ERR -22")
    this._position = toInteger(position)
  }

  read(_type: unknown, count?: number): ArrayBuffer {
    const handle = this._open
    let length = count === undefined ? handle.size - this._position : count
    if (this._position + length > handle.size) {
      if (this._position >= handle.size) throw new Error("read past end of file")
      length = handle.size - this._position
    }
    const target = new Uint8Array(length)
    this._position += handle.read(target, this._position)
    return target.buffer
  }

  write(...items: unknown[]): void {
    const handle = this._open
    if (!this._writable) throw new Error("LFS ERR -9")
    for (const item of items) {
      const source = bufferBytes(item)
      handle.write(source, this._position)
      this._position += source.length
    }
  }

  close(): void {
    const handle = this._open
    this._handle = null
    handle.close()
  }

  static delete(path: string): boolean {
    if (fs.kind(inside(path)) === undefined) return false
    fs.remove(inside(path))
    return true
  }

  static exists(path: string): boolean {
    return fs.kind(inside(path)) !== undefined
  }
}

export const Directory = {
  create(path: string): void {
    if (fs.kind(inside(path)) === undefined) fs.makeFolder(inside(path))
  },
}

export const System = { config: () => ({ maxPathLength: 255 }) }
