import type { SimulatedFlash, SimulatedFlashOptions } from "../../hosts/node/simulator/simulated-flash.ts"
import type { BTree } from "../../src/btree/index.ts"
import type { FlashOpenOptions, FlashVolume } from "../../src/flash/index.ts"
import type { btree, flash } from "../../src/index.ts"
import type { Log, LogOpenOptions, open as openLog } from "../../src/log/index.ts"

/** What the workloads run on: the sources, or what is built of them. */
export interface Parts {
  btree: Pick<typeof btree, "open">
  flash: Pick<typeof flash, "open">
  SimulatedFlash: typeof SimulatedFlash
}

export interface Setup {
  /** Bytes of the chip, all of which the volume takes. */
  size: number
  /** Default: 512. */
  pagesize?: number
  /** Default: 1. */
  writeAlign?: number
  /** Bytes of the database's cache. Default: 4096. */
  cachesize?: number
  chip?: Partial<SimulatedFlashOptions>
  volume?: FlashOpenOptions
}

/** What was done to the chip; microseconds are modelled. */
export interface Cost {
  readCalls: number
  readBytes: number
  programCalls: number
  programBytes: number
  erases: number
  microseconds: number
}

/** Means of one operation, but for what is named otherwise. */
export interface ReadFigures {
  readBytes: number
  readCalls: number
  microseconds: number
  p99: number
}

export interface WriteFigures extends ReadFigures {
  operations: number
  programBytes: number
  programCalls: number
  erasesPerThousand: number
  /** Most erases in one operation. */
  operationErasesMax: number
  /** Erases of a block since counting began. */
  wearMax: number
  wearMean: number
  wearMin: number
  worst: number
}

export interface Figures {
  write: WriteFigures
  /** Opening the volume and the database after the power was off. */
  open: Cost
  memory: { mapBytes: number; volumeBytes: number }
  depth: number
  session: Session
}

export class Session {
  constructor(parts: Parts, setup: Setup)
  device: SimulatedFlash
  volume: FlashVolume
  db: BTree
  beginCounting(): void
  costOf(action: () => void): Cost
  operation(action: () => void): void
  writeFigures(): WriteFigures
  readFigures(): ReadFigures
  reopen(): Cost
  expectSound(): void
}

export class LogSession {
  constructor(parts: LogParts, setup: LogSetup)
  device: SimulatedFlash
  log: Log
  beginCounting(): void
  costOf(action: () => void): Cost
  operation(action: () => void): void
  writeFigures(): WriteFigures
  readFigures(): ReadFigures
  reopen(): Cost
  expectSound(): void
}

export interface LogParts {
  log: { open: typeof openLog }
  SimulatedFlash: typeof SimulatedFlash
}

export interface LogSetup extends Setup {
  log?: LogOpenOptions
}

export type WorkloadName =
  | "W1"
  | "W1-hot"
  | "W2"
  | "W2-16"
  | "W2r"
  | "W2-append"
  | "W3"
  | "log"
  | "log-16"
  | "log-time"

export interface RunOptions {
  onProgress?: (done: number, total: number) => void
}

export function xorshift(seed: number): () => number
export function valueBytes(length: number, number: number, version: number): Uint8Array
export function configKey(number: number): string
export function recordKey(number: number): Uint8Array
export const WORKLOADS: Record<WorkloadName, { sizes: number[] }>

export function runUpdates(
  parts: Parts,
  setup: Setup,
  options?: RunOptions & { hot?: boolean; updates?: number },
): Figures & { get: ReadFigures }
export function runLog(
  parts: Parts,
  setup: Setup,
  options?: RunOptions & { every?: number; retention?: "each" | "range" | "none"; records?: number },
): Figures & { retained: number }
export function runRecords(
  parts: LogParts,
  setup: LogSetup,
  options?: RunOptions & { every?: number; records?: number; times?: boolean },
): Pick<Figures, "write" | "open" | "memory"> & { retained: number; session: LogSession }
export function runLookups(
  parts: Parts,
  setup: Setup,
  options?: RunOptions & { every?: number; gets?: number },
): Figures & { get: ReadFigures; absent: ReadFigures; scan: ReadFigures }
export function runWorkload(
  parts: Parts,
  name: WorkloadName,
  setup: Setup,
  options?: RunOptions & Record<string, unknown>,
): Figures
