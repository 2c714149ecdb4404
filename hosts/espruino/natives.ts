/** What this host uses of Espruino's own objects, as far as it uses it. Types only: nothing here is in a bundle. */

/** `require("Flash")`, or a driver of an external chip with the same four calls (argument order: data or length, then address). */
export interface FlashLike {
  /** Gives a new array; beyond the chip zeros, without an error. */
  read(length: number, address: number): Uint8Array
  /** Clears bits; beyond the chip nothing happens, without an error. */
  write(data: Uint8Array, address: number): void
  erasePage(address: number): void
  /** The erase page that an address lies in; undefined beyond the chip. */
  getPage(address: number): { addr: number; length: number } | undefined
}

/** An open file of `E.openFile`. */
export interface NativeFile {
  /** A char code is a byte; undefined at the end. */
  read(count: number): string | undefined
  /** Gives the bytes written, 0 in a file opened for reading. */
  write(data: Uint8Array): number
  seek(position: number): void
  close(): void
}

/** The global `E`. */
export interface Natives {
  CRC32(data: Uint8Array): number
  sum(data: Uint8Array): number
  toString(data: Uint8Array): string
  toUint8Array(text: string): Uint8Array
  openFile(path: string, mode: string): NativeFile
  on(event: "kill", listener: () => void): void
  removeListener(event: "kill", listener: () => void): void
}
