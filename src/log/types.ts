/** What the log's methods take and give. */

/** Gets a record, which is a view that holds until it returns, its number, and the time it was given. Returning false ends the visit. */
export type LogVisit = (record: Uint8Array, sequence: number, time: number | undefined) => unknown

export interface VisitOptions {
  /** The newest record first. */
  newestFirst?: boolean
  /**
   * Is told that records `from` up to `to` are damaged; without it they are an ECORRUPT error, but for those of the oldest block in a
   * full log: the next flush may erase it, or have begun to.
   */
  lost?: (from: number, to: number) => void
}

/** What check() reports. `page` is the erase block and `offset` the byte in it. */
export interface LogFinding {
  code: "ECORRUPT"
  page: number
  offset: number
  message: string
}

/** One JSON object a line, or the format of db_dump. */
export type LogFormat = "ndjson" | "dump"

export interface LogStatus {
  /** Erase blocks of the range, and bytes in one. */
  blocks: number
  blockLength: number
  /** Numbers of the oldest and the newest record, and how many there are; last is first - 1 when there is none. */
  first: number
  last: number
  count: number
  /** Blocks from the oldest record to the newest, and blocks that are not used any more because they failed. */
  usedBlocks: number
  retired: number
  /** Bytes that can be committed without any erase, in one frame: each record takes 1 to 11 bytes more, each flush 4 to 6. */
  readyBytes: number
  /** How often the log has gone round: each block has been erased as often, or once more or less, but for those that failed. */
  eraseCount: number
  /** Changes are refused: by the caller's wish, or because the log has features that must be known to write it. */
  readonly: boolean
  /** The longest record that fits, in bytes. */
  recordMax: number
}
