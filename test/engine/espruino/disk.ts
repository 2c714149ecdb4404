/**
 * Files on an SD card as `E.openFile` and `fs` show them (libs/filesystem): FatFs, so that a hole between the old end and a write
 * beyond it holds whatever the card held, and a file opened for reading takes no bytes and says so by its count only.
 */

const GARBAGE = 0xa5

type Mode = "r" | "r+" | "w" | "w+" | "a"

export class Disk {
  files = new Map<string, number[]>()
  /** Bytes that still go onto the card. */
  free = Number.POSITIVE_INFINITY
  opened = 0

  openFile(path: string, mode: Mode): DiskFile {
    const there = this.files.has(path)
    if (!there && (mode === "r" || mode === "r+")) throw new Error("Unable to open file : NO_FILE")
    if (!there || mode === "w") this.files.set(path, [])
    this.opened++
    return new DiskFile(this, this.files.get(path) as number[], mode)
  }

  size(path: string): number {
    const bytes = this.files.get(path)
    if (bytes === undefined) throw new Error("Could not find file or directory")
    return bytes.length
  }
}

export class DiskFile {
  private readonly disk: Disk
  private readonly bytes: number[]
  private readonly mode: Mode
  private position = 0
  private closed = false

  constructor(disk: Disk, bytes: number[], mode: Mode) {
    this.disk = disk
    this.bytes = bytes
    this.mode = mode
  }

  read(count: number): string | undefined {
    if (this.closed || this.position >= this.bytes.length) return undefined
    const part = this.bytes.slice(this.position, this.position + count)
    this.position += part.length
    return String.fromCharCode(...part)
  }

  write(data: ArrayLike<number>): number {
    if (this.closed || this.mode === "r") return 0
    while (this.bytes.length < this.position) this.bytes.push(GARBAGE)
    let done = 0
    for (; done < data.length; done++) {
      if (this.position >= this.bytes.length && this.disk.free-- <= 0) break
      this.bytes[this.position++] = data[done] as number
    }
    return done
  }

  seek(position: number): void {
    this.position = position
  }

  close(): void {
    if (!this.closed) this.disk.opened--
    this.closed = true
  }
}
