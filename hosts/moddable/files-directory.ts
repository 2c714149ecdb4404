/**
 * The part of a file system that the streams here use: ECMA-419's Directory and File as the Moddable SDK has them. Positions are
 * given with every call; a read is short at the end; a write beyond the end fills the gap with zeros.
 */
export interface FilesDirectory {
  /** Modes: "r", "r+" (the file exists), "w+" (empties it, or makes it). Throws when the file is missing in "r" and "r+". */
  openFile(options: { path: string; mode?: "r" | "r+" | "w+" }): FilesFile
  /** `mode` is 0 when there is nothing of that name. */
  status(path: string): { size?: number; mode: number; isFile(): boolean }
  /** False when there was nothing. */
  delete(path: string): boolean
  /** False when it exists. */
  createDirectory(path: string): boolean
}

export interface FilesFile {
  /** Fills the buffer and gives the number of bytes, 0 at the end and after it. */
  read(buffer: Uint8Array, position: number): number
  /** The buffer must be writable memory: code and mapped flash are refused. */
  write(buffer: Uint8Array, position: number): void
  status(): { size: number }
  setSize(length: number): void
  flush(): void
  close(): void
}
