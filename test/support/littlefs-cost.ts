/**
 * LittleFS as far as its callers can tell: what a power cut leaves, and what every call costs in erases and programmed bytes. A model of
 * version 2.5 with the SDK's settings (erase blocks of 4096, programs of 16): files are chains of blocks written anew from the
 * touched byte on, small ones lie in their directory's log, and nothing of a file holds before it is synced. What it leaves out: reads,
 * wear, moving of directory blocks, and the block allocator. test/unit/moddable/littlefs-cost.test.ts holds it against measurements.
 */
import { PowerCut } from "../../hosts/node/simulator/errors.ts"

const BLOCK = 4096
const PROGRAM = 16
const TAG = 4
const COMMIT_CHECK = 8

interface Entry {
  content: Uint8Array
  /** Bytes of the name. */
  name: number
}

interface Folder {
  /** Bytes of the metadata block that commits have used. */
  used: number
  entries: Map<string, Entry>
}

export interface LittleFsOptions {
  /** Bytes of a cache: files up to this, and at most 512, lie in the directory. Default: 16. */
  cacheSize?: number
}

export class LittleFs {
  erases = 0
  programmed = 0
  /** Changes that hold from then on: syncs that had something to say, and what is made or removed. */
  commits = 0
  readonly inlineMax: number
  _folders = new Map<string, Folder>([["", { used: 0, entries: new Map() }]])
  _left = Number.POSITIVE_INFINITY
  _run = 0
  _cut = false

  constructor(options?: LittleFsOptions) {
    this.inlineMax = Math.min(options?.cacheSize ?? 16, BLOCK / 8)
  }

  reset(): void {
    this.erases = 0
    this.programmed = 0
    this.commits = 0
  }

  /** Lets `commits` more changes hold; the next one, and every call after it, throws PowerCut until reboot(). */
  cutAfter(commits: number): void {
    this._left = commits
  }

  get isCut(): boolean {
    return this._cut
  }

  /** Power on again: handles of before are dead, and what they had not synced is gone. */
  reboot(): void {
    this._run++
    this._cut = false
    this._left = Number.POSITIVE_INFINITY
  }

  /** "file", "folder", or undefined. */
  kind(path: string): "file" | "folder" | undefined {
    this.check(this._run)
    if (this._folders.has(path)) return "folder"
    return this._find(path) ? "file" : undefined
  }

  makeFolder(path: string): void {
    this._commit("", 2 * TAG + path.length + TAG + 8) // its name and where it is, in the root
    this.erases += 2
    this.programmed += 2 * 64
    this._folders.set(path, { used: 64, entries: new Map() })
  }

  remove(path: string): void {
    const [folder, name] = split(path)
    this._commit(folder, TAG)
    this._folders.get(folder)?.entries.delete(name)
  }

  open(path: string, truncate: boolean): LittleFsFile {
    this.check(this._run)
    const [folder, name] = split(path)
    let entry = this._find(path)
    if (!entry) {
      this._commit(folder, TAG + TAG + name.length + TAG)
      entry = { content: new Uint8Array(0), name: name.length }
      this._folders.get(folder)?.entries.set(name, entry)
    }
    return new LittleFsFile(this, path, truncate ? new Uint8Array(0) : entry.content, truncate)
  }

  /** @throws PowerCut when the power is off, or the handle is of an earlier run */
  check(run: number): void {
    if (this._cut || run !== this._run) throw new PowerCut("the power is off: reboot()")
  }

  store(path: string, content: Uint8Array): void {
    const [folder, name] = split(path)
    this._commit(folder, TAG + (content.length <= this.inlineMax ? content.length : 8))
    const entry = this._find(path)
    if (entry) entry.content = content
    else this._folders.get(folder)?.entries.set(name, { content, name: name.length })
  }

  _find(path: string): Entry | undefined {
    const [folder, name] = split(path)
    return this._folders.get(folder)?.entries.get(name)
  }

  /** One commit to a directory: appended to its block, or that is written anew without what is out of date. */
  _commit(path: string, bytes: number): void {
    this.check(this._run)
    if (this._left === 0) {
      this._cut = true
      throw new PowerCut("the power went off at a commit")
    }
    this._left--
    this.commits++
    const folder = this._folders.get(path)
    if (!folder) throw new Error(`there is no folder ${path}`)
    const size = align(bytes + COMMIT_CHECK)
    if (folder.used + size > BLOCK) {
      let live = 12
      for (const { name, content } of folder.entries.values())
        live += TAG + name + TAG + (content.length <= this.inlineMax ? content.length : 8)
      folder.used = align(live + COMMIT_CHECK)
      this.erases++
      this.programmed += folder.used
    }
    folder.used += size
    this.programmed += size
  }
}

/** An open file: a copy of the content, and where it is being written. */
export class LittleFsFile {
  _fs: LittleFs
  _run: number
  _path: string
  _content: Uint8Array
  _dirty: boolean
  _position = 0
  _writing = false
  /** Bytes left in the block being written. */
  _room = 0
  _inline: boolean

  constructor(fs: LittleFs, path: string, content: Uint8Array, dirty: boolean) {
    this._fs = fs
    this._run = fs._run
    this._path = path
    this._content = content.slice()
    this._dirty = dirty
    this._inline = content.length <= fs.inlineMax
  }

  get size(): number {
    return this._content.length
  }

  read(target: Uint8Array, position: number): number {
    this._fs.check(this._run)
    this._seek(position)
    if (this._writing) this._settle()
    const found = this._content.subarray(position, position + target.length)
    target.set(found)
    this._position = position + found.length
    return found.length
  }

  write(source: Uint8Array, position: number): void {
    this._fs.check(this._run)
    this._seek(position)
    if (position > this.size) {
      const end = position
      this._position = this.size
      this._put(new Uint8Array(end - this.size))
    }
    this._put(source)
  }

  setSize(size: number): void {
    this._fs.check(this._run)
    if (size > this.size) this.write(new Uint8Array(size - this.size), this.size)
    else if (size < this.size) {
      if (this._writing) this._settle()
      this._content = this._content.slice(0, size)
      this._dirty = true
    }
  }

  sync(): void {
    this._fs.check(this._run)
    if (this._writing) this._settle()
    if (this._dirty) this._fs.store(this._path, this._content.slice())
    this._dirty = false
  }

  close(): void {
    this.sync()
  }

  _seek(position: number): void {
    if (position === this._position) return
    if (this._writing) this._settle()
    this._position = position
  }

  _put(source: Uint8Array): void {
    const end = this._position + source.length
    if (this._inline && Math.max(end, this.size) > this._fs.inlineMax) {
      this._inline = false
      this._fs.erases++
      this._fs.programmed += this._position
      this._room = BLOCK - this._position
      this._writing = true
    }
    if (end > this.size) {
      const grown = new Uint8Array(end)
      grown.set(this._content)
      this._content = grown
    }
    this._content.set(source, this._position)
    if (this._inline) this._position = end
    else this._program(source.length)
    this._writing = true
  }

  /** Programs `count` bytes from the position on; a file that was not being written begins a new block with a copy of the old one. */
  _program(count: number): void {
    const fs = this._fs
    if (!this._writing) {
      const { start, room } = place(this._position)
      fs.erases++
      fs.programmed += this._position - start
      this._room = room - (this._position - start)
      if (this._position > 0 && this._room === room) fs.programmed += BLOCK - room
    }
    this._writing = true
    for (let left = count; left > 0; ) {
      if (this._room === 0) {
        const { room } = place(this._position)
        fs.erases++
        fs.programmed += BLOCK - room
        this._room = room
      }
      const part = Math.min(left, this._room)
      fs.programmed += part
      this._position += part
      this._room -= part
      left -= part
    }
  }

  /** Ends writing: everything behind the last byte is copied. */
  _settle(): void {
    const position = this._position
    if (!this._inline) {
      this._program(this.size - position)
      this._fs.programmed += (PROGRAM - (this._position % PROGRAM)) % PROGRAM
    }
    this._position = position
    this._writing = false
    this._dirty = true
  }
}

function align(bytes: number): number {
  return Math.ceil(bytes / PROGRAM) * PROGRAM
}

function split(path: string): [string, string] {
  const slash = path.lastIndexOf("/")
  return slash < 0 ? ["", path] : [path.slice(0, slash), path.slice(slash + 1)]
}

/** Where the block that holds byte `position` of a file begins, and how much content it holds: block n has pointers to n's powers of two. */
function place(position: number): { start: number; room: number } {
  let start = 0
  for (let index = 0; ; index++) {
    const pointers = index === 0 ? 0 : 4 * (trailingZeros(index) + 1)
    const room = BLOCK - pointers
    if (position < start + room) return { start, room }
    start += room
  }
}

function trailingZeros(index: number): number {
  let count = 0
  for (let rest = index; rest % 2 === 0; rest /= 2) count++
  return count
}
