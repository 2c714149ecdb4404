/**
 * The rig of the power-cut tests: a session is a btree on a volume on a simulated chip that knows what must be durable, and a
 * device between volume and chip stops before every program operation and every erase. There the chip is forked, the operation
 * is cut on the fork in each of the modes, and the fork is booted and judged; the session itself goes on as if nothing had
 * happened. So every cut point costs one fork and one recovery, and no replay.
 *
 * Modes: clean, torn and bits are the simulator's (not done; half done; each bit with probability 1/2). begun and nearly are
 * the ends of the last one: one bit of the operation is changed, or all but one. Chance depends on SEED and on the cut point.
 */
import { SimulatedFlash } from "../../hosts/node/node.ts"
import { PowerCut } from "../../hosts/node/simulator/errors.ts"
import * as flash from "../../src/flash/index.ts"
import { btree } from "../../src/index.ts"
import { sameBytes, withDeadline } from "../property/model.ts"
import { makeRandom } from "../support/streams.ts"

export type BTree = ReturnType<typeof btree.open>
type Cursor = ReturnType<BTree["cursor"]>
export type Mode = "clean" | "torn" | "bits" | "begun" | "nearly"
export type Random = (limit: number) => number

export const SEED = Number(process.env.SEED ?? 4242)
const PROGRAM_PAGE = 256
/** A recovery that takes longer hangs. With LONG all cuts in what follows it are in that time. */
const CASE_TIME_MAX = process.env.LONG === undefined ? 10_000 : 300_000

export interface Geometry {
  size: number
  writeAlign: number
  encrypted?: boolean
  pagesize?: number
  checksum?: "crc32" | "sum32"
  /** Of the btree; that of the volume when left out. */
  treePagesize?: number
  cachesize?: number
}

export function nameOf(geometry: Geometry): string {
  const parts = [`${geometry.size / 1024}K`, `align ${geometry.writeAlign}`]
  if (geometry.encrypted) parts.push("encrypted")
  if (geometry.pagesize !== undefined) parts.push(`page ${geometry.pagesize}`)
  if (geometry.treePagesize !== undefined) parts.push(`tree page ${geometry.treePagesize}`)
  if (geometry.checksum !== undefined) parts.push(geometry.checksum)
  return parts.join(", ")
}

export function makeChip(geometry: Geometry): SimulatedFlash {
  return new SimulatedFlash({
    size: geometry.size,
    writeAlign: geometry.writeAlign,
    encrypted: geometry.encrypted === true,
    seed: SEED,
  })
}

export function openVolume(
  device: flash.FlashDevice,
  geometry: Geometry,
  options: flash.FlashOpenOptions = {},
): flash.FlashVolume {
  return flash.open(device, {
    pagesize: geometry.pagesize ?? 512,
    ...(geometry.checksum === undefined ? {} : { checksum: geometry.checksum }),
    ...options,
  })
}

// ---- data --------------------------------------------------------------------------------------------------------

function mix(value: number): number {
  let h = value
  h ^= h >>> 16
  h = Math.imul(h, 0x7feb352d)
  h ^= h >>> 15
  h = Math.imul(h, 0x846ca68b)
  return (h ^ (h >>> 16)) >>> 0
}

/** Value(len, key number, version) of the workloads. */
export function makeValue(length: number, k: number, version: number): Uint8Array {
  const bytes = new Uint8Array(length)
  let h = mix((Math.imul(k, 2654435761) + Math.imul(version, 40503) + 1) >>> 0)
  for (let i = 0; i < length; i++) {
    if (i % 4 === 0) h = mix((h + i) >>> 0)
    bytes[i] = h >>> (8 * (i % 4))
  }
  return bytes
}

export function keyOf(k: number): string {
  return `cfg/item/${String(k).padStart(7, "0")}`
}

/** A version from here on has a value on overflow pages, of a length that depends on it. */
export const BIG = 1_000_000

const values = new Map<string, Uint8Array>()

export function recordValue(k: number, version: number): Uint8Array {
  const name = `${k}/${version}`
  let value = values.get(name)
  if (value === undefined) {
    value = makeValue(version < BIG ? 32 : 300 + (version % 7) * 200, k, version)
    if (values.size > 100_000) values.clear()
    values.set(name, value)
  }
  return value
}

const keys: Uint8Array[] = []

function keyBytesOf(k: number): Uint8Array {
  keys[k] ??= new TextEncoder().encode(keyOf(k))
  return keys[k] as Uint8Array
}

/** Key number to version. */
export type State = ReadonlyMap<number, number>

/** Gives what the tree holds, as far as it is not exactly `state`: "" when it is. */
export function differenceFrom(tree: BTree, state: State): string {
  const expected = [...state.keys()].sort((a, b) => a - b)
  let index = 0
  let difference = ""
  const compare = (cursor: Cursor): boolean => {
    const k = expected[index++]
    if (k === undefined) {
      difference = `holds ${Buffer.from(cursor.key()).toString()} too`
    } else if (!sameBytes(cursor.key(), keyBytesOf(k))) {
      difference = `holds ${Buffer.from(cursor.key()).toString()} where ${keyOf(k)} should be`
    } else if (!sameBytes(cursor.value(), recordValue(k, state.get(k) as number))) {
      difference = `${keyOf(k)} has not the value of version ${state.get(k)}`
    }
    return difference === ""
  }
  tree.forEach(compare)
  if (difference === "" && index < expected.length) difference = `lacks ${keyOf(expected[index] as number)}`
  return difference
}

// ---- cutting -----------------------------------------------------------------------------------------------------

export interface Operation {
  /** Number in the life of this device. */
  number: number
  /** Does the operation on a fork, cut in `mode`; the fork has lost its power then. */
  cut: (fork: SimulatedFlash, mode: Mode) => void
}

/** Stands between volume and chip, and calls `before` at every program operation and every erase. */
export class Stops implements flash.FlashDevice {
  readonly chip: SimulatedFlash
  before: ((operation: Operation) => void) | undefined
  number = 0

  constructor(chip: SimulatedFlash) {
    this.chip = chip
  }

  read(buffer: Uint8Array, byteOffset: number): number {
    return this.chip.read(buffer, byteOffset)
  }

  write(buffer: Uint8Array, byteOffset: number): void {
    const first = Math.floor(byteOffset / PROGRAM_PAGE)
    const last = Math.floor((byteOffset + buffer.length - 1) / PROGRAM_PAGE)
    for (let page = first; page <= last; page++) {
      const from = Math.max(page * PROGRAM_PAGE, byteOffset)
      const to = Math.min((page + 1) * PROGRAM_PAGE, byteOffset + buffer.length)
      const part = buffer.subarray(from - byteOffset, to - byteOffset)
      this.before?.({ number: this.number, cut: (fork, mode) => cutProgram(fork, part, from, mode) })
      this.chip.write(part, from)
      this.number++
    }
  }

  eraseBlock(start: number, end: number): void {
    for (let block = start; block < end; block++) {
      this.before?.({ number: this.number, cut: (fork, mode) => cutErase(fork, block, mode) })
      this.chip.eraseBlock(block, block + 1)
      this.number++
    }
  }

  status(): flash.FlashStatus {
    return this.chip.status()
  }

  close(): void {}
}

function expectCut(fork: SimulatedFlash, mode: "clean" | "torn" | "bits", operate: () => void): void {
  fork.cutAfter(0, mode)
  try {
    operate()
  } catch (error) {
    if (error instanceof PowerCut) return
    throw error
  }
  throw new Error("the simulator did not cut")
}

/** The places where `mask` has a bit, as [byte, bit]. */
function bitsOf(mask: Uint8Array): [number, number][] {
  const places: [number, number][] = []
  for (let i = 0; i < mask.length; i++) {
    for (let bit = 1; bit < 0x100; bit <<= 1) if ((mask[i] as number) & bit) places.push([i, bit])
  }
  return places
}

function cutProgram(fork: SimulatedFlash, data: Uint8Array, at: number, mode: Mode): void {
  if (mode === "clean" || mode === "torn" || mode === "bits") {
    expectCut(fork, mode, () => fork.write(data, at))
    return
  }
  const changes = bitsOf(data.map((byte) => ~byte))
  const [byte, bit] = changes[chance(fork)(Math.max(changes.length, 1))] ?? [0, 0]
  if (mode === "nearly") {
    fork.write(data, at)
    fork.rot(at + byte, bit)
  } else {
    const begun = new Uint8Array(data.length).fill(0xff)
    begun[byte] = 0xff & ~bit
    fork.write(begun, at)
    // In a failing block the bit may have stayed: then nothing would have changed at all.
    if ((fork.image()[at + byte] as number) & bit) fork.rot(at + byte, bit)
  }
}

function cutErase(fork: SimulatedFlash, block: number, mode: Mode): void {
  if (mode === "clean" || mode === "torn" || mode === "bits") {
    expectCut(fork, mode, () => fork.eraseBlock(block, block + 1))
    return
  }
  const { blockLength } = fork.status()
  const start = block * blockLength
  const changes = bitsOf(
    fork
      .image()
      .subarray(start, start + blockLength)
      .map((byte) => ~byte),
  )
  const [byte, bit] = changes[chance(fork)(Math.max(changes.length, 1))] ?? [0, 0]
  // A block that reads as blank can be told from an erased one by nobody: then the erase is whole.
  const isWhole = mode === "begun" && changes.length === 1
  if (mode === "nearly" || isWhole) fork.eraseBlock(block, block + 1)
  if (bit !== 0 && !isWhole) fork.rot(start + byte, bit)
}

function chance(fork: SimulatedFlash): Random {
  return makeRandom(fork._chip.medium._draws * 7919 + SEED)
}

/** A fork in which chance is another one at every cut point. */
function forkAt(chip: SimulatedFlash, number: number): SimulatedFlash {
  const fork = chip.fork()
  fork._chip.medium._draws += 1 + number * 3
  return fork
}

/** Gives the chip as it boots after `operation` was cut. */
export function cutAt(chip: SimulatedFlash, operation: Operation, mode: Mode): SimulatedFlash {
  const fork = forkAt(chip, operation.number)
  operation.cut(fork, mode)
  return fork.reboot()
}

// ---- a session ---------------------------------------------------------------------------------------------------

export class Session {
  readonly geometry: Geometry
  readonly device: Stops
  volume!: flash.FlashVolume
  tree!: BTree
  /** What the last flush left, and what the handle shows. */
  durable: State
  pending: Map<number, number>
  /** More states that a cut may leave now: that which is being flushed, the volume before a format. */
  alsoAllowed: State[] = []
  /** Every state that was ever durable in this session. */
  history: State[] = []

  constructor(geometry: Geometry, chip: SimulatedFlash, durable: State = new Map()) {
    this.geometry = geometry
    this.device = new Stops(chip)
    this.durable = durable
    this.pending = new Map(durable)
  }

  open(options?: flash.FlashOpenOptions): this {
    this.volume = openVolume(this.device, this.geometry, options)
    this.tree = this.openTree()
    return this
  }

  openTree(cachesize = this.geometry.cachesize ?? 4096): BTree {
    const pagesize = this.geometry.treePagesize ?? this.geometry.pagesize ?? 512
    return btree.open(this.volume, { pagesize, cachesize })
  }

  /** The states that may be found after a cut now. */
  allowed(): State[] {
    return [this.durable, ...this.alsoAllowed]
  }

  set(k: number, version: number): void {
    this.tree.set(keyOf(k), recordValue(k, version))
    this.pending.set(k, version)
  }

  delete(k: number): void {
    const found = this.tree.delete(keyOf(k))
    if (found !== this.pending.delete(k)) throw new Error(`delete of ${keyOf(k)} says ${found}`)
  }

  deleteRange(from: number, to: number): void {
    const first = Math.max(from, 0)
    const end = Math.max(to, 0)
    const count = this.tree.deleteRange(keyOf(first), keyOf(end))
    let expected = 0
    for (let k = first; k < end; k++) if (this.pending.delete(k)) expected++
    if (count !== expected) throw new Error(`deleteRange says ${count}, not ${expected}`)
  }

  flush(): void {
    this.alsoAllowed.push(new Map(this.pending))
    this.tree.flush()
    this.durable = this.alsoAllowed.pop() as State
    this.history.push(this.durable)
    this.alsoAllowed = []
  }

  put(k: number, version: number): void {
    this.set(k, version)
    this.flush()
  }

  rollback(): void {
    this.tree.rollback()
    this.pending = new Map(this.durable)
  }

  /** Drops both handles without a flush, and opens anew. */
  drop(options?: flash.FlashOpenOptions): void {
    this.volume.close()
    this.pending = new Map(this.durable)
    this.open(options)
  }

  /**
   * Throws unless the flash holds one of `states` (nothing unflushed may be pending) and tree and volume are sound; gives that
   * state. Looks with a tree of its own, whose cache takes all.
   */
  expectOneOf(states: State[]): State {
    const differences: string[] = []
    const tree = this.openTree(1 << 17)
    let found: State | undefined
    for (const state of states) {
      const difference = differenceFrom(tree, state)
      if (difference === "") {
        found = state
        break
      }
      differences.push(difference)
    }
    if (found === undefined) {
      throw new Error(`wrong state: the tree ${differences.map((text) => `[${text}]`).join(" and ")}`)
    }
    expectSound("tree", tree.check())
    expectSound("volume", this.volume.check())
    return found
  }
}

function expectSound(what: string, findings: { message: string }[]): void {
  if (findings.length === 0) return
  throw new Error(`${findings.length} findings of the ${what}'s check, first: ${findings[0]?.message}`)
}

// ---- judging -----------------------------------------------------------------------------------------------------

/** A cut point, and the one in the recovery or the work after it. */
export interface Point {
  cut: number
  mode: Mode
  second?: number | undefined
  secondMode?: Mode | undefined
}

export interface Plan {
  /** Name of the case, for replay. */
  name: string
  modes: Mode[]
  /** Which operations are cut points: all, when left out. */
  points?: (operation: number) => boolean
  /** Modes for every third operation only. */
  rarely?: Mode[]
  /** Puts after the reopening. */
  puts?: number
  /** Keys that these puts take. */
  keys: number
  /**
   * Which operations after the first cut are cut in turn, in which modes. Opening writes nothing: recovery ends with the first
   * flush, and `recovering` until then.
   */
  second?: (point: Point, operation: number, recovering: boolean) => Mode[]
  /** How the volume is opened after the cut. */
  options?: flash.FlashOpenOptions
}

/** What a whole run of cut points came to. */
export class Tally {
  points = 0
  seconds = 0
  failures: { replay: string; what: string }[] = []
  readonly plan: Plan

  constructor(plan: Plan) {
    this.plan = plan
  }

  fail(point: Point, error: unknown): void {
    const { cut, mode, second, secondMode } = point
    const again = second === undefined ? "" : ` SECOND=${second} SECOND_MODE=${secondMode}`
    const seed = SEED === 4242 ? "" : `SEED=${SEED} `
    const { message, stack } = error as Error
    const frames = (stack ?? "").split("\n").filter((line) => /^ *at /.test(line))
    const line = `${message} ${frames.slice(0, 4).join(" ").replace(/ +/g, " ")}`
    const replay = `${seed}CASE="${this.plan.name}" CUT=${cut} CUT_MODE=${mode}${again} npx vitest run test/powercut`
    this.failures.push({ replay, what: line })
  }

  /** Throws when there were failures; gives a line about the run. */
  summary(): string {
    const head = `${this.plan.name}: ${this.points} cut points, ${this.seconds} second cuts, ${this.failures.length} failures`
    if (this.failures.length === 0) return head
    // Two of each kind.
    const kinds = new Map<string, string[]>()
    for (const { replay, what } of this.failures) {
      const kind = what.replace(/\d+/g, "#")
      const shown = kinds.get(kind) ?? []
      if (shown.length === 0) kinds.set(kind, shown)
      shown.push(`${replay}\n      ${what}`)
    }
    const lines = [...kinds.values()].flatMap((shown) => [`  ${shown.length} like`, ...shown.slice(0, 2)])
    throw new Error([head, ...lines.slice(0, 30)].join("\n    "))
  }
}

const ONLY_CUT = process.env.CUT === undefined ? undefined : Number(process.env.CUT)
const ONLY_MODE = process.env.CUT_MODE as Mode | undefined
const ONLY_SECOND = process.env.SECOND === undefined ? undefined : Number(process.env.SECOND)
const ONLY_SECOND_MODE = process.env.SECOND_MODE as Mode | undefined

/** From now on every operation of the session is a cut point. */
export function cutEverywhere(session: Session, tally: Tally): void {
  session.device.before = (operation) => {
    if (ONLY_CUT !== undefined && operation.number !== ONLY_CUT) return
    const { modes, rarely, points } = tally.plan
    if (points !== undefined && !points(operation.number)) return
    const all = rarely === undefined || operation.number % 3 !== 0 ? modes : [...modes, ...rarely]
    for (const mode of ONLY_MODE === undefined ? all : [ONLY_MODE]) {
      const point: Point = { cut: operation.number, mode }
      tally.points++
      try {
        withDeadline(CASE_TIME_MAX, () =>
          judge(session, cutAt(session.device.chip, operation, mode), tally, point),
        )
      } catch (error) {
        tally.fail(point, error)
      }
    }
  }
}

/** Boots: one of the allowed states, sound; puts; reopens: all of them there. */
function judge(before: Session, chip: SimulatedFlash, tally: Tally, point: Point): void {
  const { plan } = tally
  const session = new Session(before.geometry, chip)
  session.open(plan.options)
  session.durable = session.expectOneOf(before.allowed())
  session.pending = new Map(session.durable)
  if (point.second === undefined && plan.second !== undefined) {
    session.device.before = (operation) => cutAgain(session, operation, tally, point)
  }
  work(session, plan, point)
  session.device.before = undefined
  const again = new Session(before.geometry, chip.reboot()).open(plan.options)
  again.expectOneOf([session.durable])
}

function cutAgain(session: Session, operation: Operation, tally: Tally, first: Point): void {
  if (ONLY_CUT !== undefined && ONLY_SECOND === undefined) return
  if (ONLY_SECOND !== undefined && operation.number !== ONLY_SECOND) return
  const modes =
    ONLY_SECOND_MODE === undefined
      ? tally.plan.second?.(first, operation.number, session.history.length === 0)
      : [ONLY_SECOND_MODE]
  for (const secondMode of modes ?? []) {
    const point: Point = { ...first, second: operation.number, secondMode }
    tally.seconds++
    try {
      judge(session, cutAt(session.device.chip, operation, secondMode), tally, point)
    } catch (error) {
      tally.fail(point, error)
    }
  }
}

/** Puts, each durable; one in four a delete or a new key. */
function work(session: Session, plan: Plan, point: Point): void {
  const random = makeRandom(SEED + point.cut * 31 + (point.second ?? 0))
  const puts = point.second === undefined ? (plan.puts ?? 20) : 4
  for (let i = 0; i < puts; i++) {
    const k = random(plan.keys)
    const turn = random(8)
    if (turn === 0 && session.pending.has(k)) session.delete(k)
    else session.set(k, 100_000 + point.cut * 40 + i)
    session.flush()
  }
}
