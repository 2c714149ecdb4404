export interface FlashStatus {
  /** The length of the device: `blocks * blockLength`. */
  size: number
  /** The number of erase blocks. */
  blocks: number
  /** The length of one erase block, the least that can be erased. */
  blockLength: number
  /**
   * The program unit: every program starts and ends on a multiple of it, and no such unit is programmed twice
   * between erases. 1 when left out.
   */
  writeAlign?: number
  /** What every byte of an erased block is; 0xFF when left out. */
  eraseValue?: number
  /**
   * "unknown": an erased block reads as garbage (ESP32 flash encryption), so blankness says nothing; "ff" when
   * left out.
   */
  erasedReads?: "ff" | "unknown"
}

/** Erase blocks: a program can only clear bits, an erase sets every bit of a block. */
export interface FlashDevice {
  /** Fills `buffer` from byte `byteOffset` on; gives the number of bytes read. */
  read(buffer: Uint8Array, byteOffset: number): number
  /** Programs the whole of `buffer` at `byteOffset`; can only clear bits. Both ends lie on `writeAlign`. */
  write(buffer: Uint8Array, byteOffset: number): void
  /**
   * Erases the blocks from number `start` up to but without `end`: every byte becomes `eraseValue`. Always
   * pass both.
   */
  eraseBlock(start: number, end: number): void
  /** Gives the geometry; it stays the same while the device is open. */
  status(): FlashStatus
  /** Releases the device; may be called twice. */
  close(): void
}
