/** What the three text formats of `load` have in common. */

/** One record as read from a text. */
export interface TextRecord {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

/** A text being read: what its header says of the database it came from, then its records one at a time. */
export interface RecordSource {
  readonly pagesize?: number
  readonly duplicates?: boolean
  readonly records: Iterable<TextRecord>
}
