/** How to open the file; what is left out is libdb1's default. */
export interface OpenInfo {
  psize?: number
  cachesize?: number
  minkeypage?: number
  lorder?: 0 | 1234 | 4321
  /** R_DUP. */
  duplicates?: boolean
  /** O_CREAT. */
  create?: boolean
  /** O_RDONLY. */
  readonly?: boolean
  /** O_TRUNC. */
  truncate?: boolean
}

type Input = Uint8Array | string

export type Operation =
  | { op: "open"; path: string; info?: OpenInfo }
  | { op: "put"; key: Input; value: Input; flags?: number }
  | { op: "delete"; key: Input; flags?: number }
  | { op: "get" | "getQuietly"; key: Input }
  | { op: "seq"; code: number; key?: Input }
  | { op: "scan" | "scanBack" | "scanQuietly"; limit?: number }
  | { op: "sync" | "close" | "io" | "time" }

export interface IoCounts {
  reads: number
  writes: number
  /** Those of `reads` and `writes` that went to page 0. */
  metaReads: number
  metaWrites: number
  bytesRead: number
  bytesWritten: number
  fsyncs: number
  shortReads: number
}

export interface Result {
  /** As the library returned it: 0, 1 (not found, exists, end of the scan) or -1 with `errno`. */
  rc: number
  errno: number
  /** get: one record with an empty key; seq: one; scan: all. */
  records: [Uint8Array, Uint8Array][]
  io?: IoCounts
  nanoseconds?: number
}

export interface Run {
  /** One for each operation that came to its end. */
  results: Result[]
  /** The library died: by which signal, in which operation, and what that operation had given until then. */
  crashed?: { signal: string; at: number; records: [Uint8Array, Uint8Array][] }
}

export const COUNTERS: (keyof IoCounts)[]
export function run(operations: Operation[], options?: { seconds?: number }): Run
