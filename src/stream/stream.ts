/**
 * The seam every engine stands on (docs/DESIGN.md section 2). Argument order is ECMA-419's: buffer, then position.
 * `start` and `length` select a part of the buffer, so that callers never slice.
 */
export interface RandomAccessStream {
  /**
   * Reads into `buffer[start, start + length)` from byte `position`; gives the number of bytes read, which is
   * short only where the stream ends. `start` is 0 and `length` is the rest of the buffer when left out.
   */
  read(buffer: Uint8Array, position: number, start?: number, length?: number): number
  /** Writes `buffer[start, start + length)` at byte `position`; may extend the stream, a gap reads as zeros. */
  write(buffer: Uint8Array, position: number, start?: number, length?: number): void
  /** Gives the length in bytes. */
  size(): number
  /** Cuts the stream, or extends it with zeros. */
  setSize(size: number): void
  /** Makes everything written durable before it returns. */
  flush(): void
  /** Releases the stream; may be called twice. Any other use afterwards throws ECLOSED. */
  close(): void
  /** The natural page size in bytes, where there is one; an engine opened with page size 0 takes it. */
  readonly pagesize?: number
  /** True: all writes since the last flush become durable together or not at all. */
  readonly atomic: boolean
  /** How many bytes cost about as much as one more call of write; 32 when left out, 4 on atomic streams. */
  readonly callCost?: number
  /** False on an atomic stream: what it holds is also a file that other programs may open and change. */
  readonly exclusive?: boolean
  /** True: writes throw EROFS. */
  readonly readonly?: boolean
  /** Atomic streams: forgets everything written since the last flush. */
  rollback?(): void
}
