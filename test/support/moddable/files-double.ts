/**
 * Doubles of the SDK's Directory and File as they were seen to behave on Linux and on LittleFS: paths that lead out are "bad path", a
 * read is short at the end, positions left out are 0, and a file that was closed is no receiver any more.
 */
import { PowerCut } from "../../../hosts/node/simulator/errors.ts"
import { LittleFs, type LittleFsOptions } from "../littlefs-cost.ts"
import { makeRandom } from "../streams.ts"
import { bufferBytes, toInteger } from "./nor.ts"

interface Handle {
  readonly size: number
  read(target: Uint8Array, position: number): number
  write(source: Uint8Array, position: number): void
  setSize(size: number): void
  sync(): void
  close(): void
}

interface Medium {
  kind(path: string): "file" | "folder" | undefined
  makeFolder(path: string): void
  remove(path: string): void
  open(path: string, truncate: boolean): Handle
}

class FileDouble {
  _handle: Handle | null
  _writable: boolean

  constructor(handle: Handle, writable: boolean) {
    this._handle = handle
    this._writable = writable
  }

  get _open(): Handle {
    if (this._handle === null) throw new SyntaxError("this: no host data")
    return this._handle
  }

  get _writing(): Handle {
    const handle = this._open
    if (!this._writable) throw new Error("read-only")
    return handle
  }

  read(buffer: Uint8Array, position?: number): number
  read(count: number, position?: number): ArrayBuffer
  read(buffer: Uint8Array | number, position?: number): ArrayBuffer | number {
    const handle = this._open
    const at = checkPosition(position)
    const target = typeof buffer === "number" ? new Uint8Array(buffer) : bufferBytes(buffer)
    const count = handle.read(target, at)
    return typeof buffer === "number" ? target.slice(0, count).buffer : count
  }

  write(buffer: unknown, position?: number): void {
    this._writing.write(bufferBytes(buffer), checkPosition(position))
  }

  status(): { size: number; mode: number; isFile(): boolean } {
    return { size: this._open.size, mode: 1, isFile: () => true }
  }

  setSize(length?: number): void {
    this._writing.setSize(toInteger(length))
  }

  flush(): void {
    this._open.sync()
  }

  close(): void {
    const handle = this._handle
    this._handle = null
    if (handle !== null) handle.close()
  }
}

function checkPosition(position: unknown): number {
  const at = toInteger(position)
  if (at < 0) throw new Error("LFS ERR -22")
  return at
}

export class DirectoryDouble {
  /** Open files, so that a test sees that all were closed. */
  readonly files: FileDouble[] = []
  /** Number of files opened, ever. */
  opened = 0
  /** Throws this at the next call of a method of that name. */
  failing: { name?: string; error: Error } | undefined
  _medium: Medium

  constructor(medium: Medium) {
    this._medium = medium
  }

  get stillOpen(): number {
    return this.files.filter((file) => file._handle !== null).length
  }

  openFile(options: { path: string; mode?: string }): FileDouble {
    const mode = options.mode ?? "r"
    if (!["r", "r+", "w", "w+"].includes(mode)) throw new Error("invalid mode")
    const path = checkPath(options.path)
    const kind = this._medium.kind(path)
    if (kind === "folder") throw new Error("not file")
    if (kind === undefined && mode.startsWith("r")) throw new Error("LFS ERR -2")
    const file = new FileDouble(this._medium.open(path, mode.startsWith("w")), mode !== "r")
    this.files.push(file)
    this.opened++
    return file
  }

  status(path: string): { size?: number; mode: number; isFile(): boolean } {
    const kind = this._medium.kind(checkPath(path))
    return { mode: kind === undefined ? 0 : kind === "file" ? 1 : 2, isFile: () => kind === "file" }
  }

  delete(path: string): boolean {
    if (this._medium.kind(checkPath(path)) === undefined) return false
    this._medium.remove(path)
    return true
  }

  createDirectory(path: string): boolean {
    if (this._medium.kind(checkPath(path)) === "folder") return false
    this._medium.makeFolder(path)
    return true
  }
}

function checkPath(path: string): string {
  if (path.startsWith("/") || path.split("/").some((part) => part === "" || part === "." || part === ".."))
    throw new Error("bad path")
  return path
}

/** A file system of the board on LittleFS, and its root directory. */
export function makeLittleFs(options?: LittleFsOptions): { fs: LittleFs; root: DirectoryDouble } {
  const fs = new LittleFs(options)
  return { fs, root: new DirectoryDouble(fs) }
}

/**
 * A file system that promises less: what was written since the last sync may be there after a power cut or not, write by write and in
 * pieces, as on FAT or on a host. Names hold at once.
 */
export class LooseFs implements Medium {
  _durable = new Map<string, Uint8Array | "folder">()
  _now = new Map<string, Uint8Array | "folder">()
  _pending: { path: string; position: number; bytes: Uint8Array; size?: number }[] = []
  _left = Number.POSITIVE_INFINITY
  _cut = false

  /** Lets `calls` more writes and syncs through; the next one throws PowerCut, and so does everything until reboot(). */
  cutAfter(calls: number): void {
    this._left = calls
  }

  get isCut(): boolean {
    return this._cut
  }

  /** Power on again: of each pending write, in order, a random part has arrived. */
  reboot(seed: number): void {
    const random = makeRandom(seed)
    for (const { path, position, bytes, size } of this._pending) {
      if (random(2) === 0) continue
      if (size !== undefined)
        this._store(this._durable, path, resized(this._bytes(this._durable, path), size))
      else this._put(this._durable, path, position, bytes.subarray(0, random(bytes.length + 1)))
    }
    this._pending = []
    this._now = new Map(this._durable)
    this._cut = false
    this._left = Number.POSITIVE_INFINITY
  }

  kind(path: string): "file" | "folder" | undefined {
    const found = this._now.get(path)
    return found === undefined ? undefined : found === "folder" ? "folder" : "file"
  }

  makeFolder(path: string): void {
    this._step()
    this._now.set(path, "folder")
    this._durable.set(path, "folder")
  }

  remove(path: string): void {
    this._step()
    this._now.delete(path)
    this._durable.delete(path)
    this._pending = this._pending.filter((write) => write.path !== path)
  }

  open(path: string, truncate: boolean): Handle {
    if (!this._now.has(path)) {
      this._step()
      this._now.set(path, new Uint8Array(0))
      this._durable.set(path, new Uint8Array(0))
    } else if (truncate) this._resize(path, 0)
    const fs = this
    return {
      get size() {
        return fs._bytes(fs._now, path).length
      },
      read(target, position) {
        fs._check()
        const found = fs._bytes(fs._now, path).subarray(position, position + target.length)
        target.set(found)
        return found.length
      },
      write(source, position) {
        fs._step()
        fs._put(fs._now, path, position, source)
        fs._pending.push({ path, position, bytes: source.slice() })
      },
      setSize: (size) => fs._resize(path, size),
      sync() {
        fs._step()
        fs._store(fs._durable, path, fs._bytes(fs._now, path))
        fs._pending = fs._pending.filter((write) => write.path !== path)
      },
      close() {},
    }
  }

  _resize(path: string, size: number): void {
    this._step()
    this._store(this._now, path, resized(this._bytes(this._now, path), size))
    this._pending.push({ path, position: 0, bytes: new Uint8Array(0), size })
  }

  _check(): void {
    if (this._cut) throw new PowerCut("the power is off: reboot()")
  }

  _step(): void {
    this._check()
    if (this._left === 0) {
      this._cut = true
      throw new PowerCut("the power went off at a write")
    }
    this._left--
  }

  _bytes(map: Map<string, Uint8Array | "folder">, path: string): Uint8Array {
    return (map.get(path) as Uint8Array | undefined) ?? new Uint8Array(0)
  }

  _put(map: Map<string, Uint8Array | "folder">, path: string, position: number, bytes: Uint8Array): void {
    const old = this._bytes(map, path)
    const grown = resized(old, Math.max(old.length, position + bytes.length))
    grown.set(bytes, position)
    map.set(path, grown)
  }

  _store(map: Map<string, Uint8Array | "folder">, path: string, content: Uint8Array): void {
    map.set(path, content.slice())
  }
}

function resized(bytes: Uint8Array, size: number): Uint8Array {
  const result = new Uint8Array(size)
  result.set(bytes.subarray(0, size))
  return result
}
