/**
 * The older module `file` in the shape of ECMA-419's files, for platforms that have nothing else (Pico, ESP8266, nRF52, with LittleFS).
 * It makes no difference between opening and creating, throws at the end of a file, cannot cut one, and flushes only when it closes.
 */
import { Directory, File } from "file"
import config from "mc/config"
import type { FilesDirectory, FilesFile } from "./files-directory.ts"

const CHUNK = 512

class LegacyFile implements FilesFile {
  _path: string
  _writable: boolean
  _file: File

  constructor(path: string, writable: boolean) {
    this._path = path
    this._writable = writable
    this._file = new File(path, writable)
  }

  read(buffer: Uint8Array, position: number): number {
    const file = this._file
    const count = Math.min(buffer.length, file.length - position)
    if (count <= 0) return 0
    file.position = position
    buffer.set(new Uint8Array(file.read(ArrayBuffer, count)))
    return count
  }

  write(buffer: Uint8Array, position: number): void {
    this._file.position = position
    this._file.write(buffer.slice().buffer) // of a view some platforms write the whole buffer
  }

  status(): { size: number } {
    return { size: this._file.length }
  }

  /** Shortens by writing the file anew, which a cut can leave undone: the callers do it again then. */
  setSize(length: number): void {
    const size = this._file.length
    if (length > size) {
      for (let at = size; at < length; at += CHUNK)
        this.write(new Uint8Array(Math.min(CHUNK, length - at)), at)
    } else if (length < size) {
      const kept = new Uint8Array(length)
      this.read(kept, 0)
      this._file.close()
      File.delete(this._path)
      this._file = new File(this._path, true)
      if (length > 0) this.write(kept, 0)
    }
  }

  flush(): void {
    this._file.close()
    this._file = new File(this._path, this._writable)
  }

  close(): void {
    this._file.close()
  }
}

/** The root is a part of every path. No System.config() knows it: the manifest of the module `file` has it, for each platform. */
function full(path: string): string {
  return config.file.root + path
}

function isFile(): boolean {
  return true
}

const root: FilesDirectory = {
  openFile(options: { path: string; mode?: "r" | "r+" | "w+" }): FilesFile {
    const path = full(options.path)
    if (options.mode === "w+") File.delete(path)
    else if (!File.exists(path)) throw new Error("file not found")
    return new LegacyFile(path, options.mode !== undefined && options.mode !== "r")
  },
  /** Tells files from folders by opening: the module has no other way. */
  status(path: string): { mode: number; isFile(): boolean } {
    const name = full(path)
    if (!File.exists(name)) return { mode: 0, isFile }
    try {
      new File(name).close()
      return { mode: 1, isFile }
    } catch {
      return { mode: 2, isFile: () => false }
    }
  },
  delete(path: string): boolean {
    return File.delete(full(path))
  },
  createDirectory(path: string): boolean {
    Directory.create(full(path))
    return true
  },
}

export default root
