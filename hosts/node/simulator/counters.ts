/** What a simulated chip has done since the last reset(). */
export class FlashCounters {
  /** Calls of read(). */
  readCalls = 0
  readBytes = 0
  /** Program operations: a write() is split at every border of a 256-byte page. */
  programCalls = 0
  programBytes = 0
  /** Blocks erased. */
  erases = 0
  /** The modelled time of all of these. */
  microseconds = 0

  /** Starts counting anew. */
  reset(): void {
    this.readCalls = this.readBytes = this.programCalls = this.programBytes = this.erases = 0
    this.microseconds = 0
  }
}
