/** Every operation of a session is a cut point: the fork is booted and judged, and goes on; of what it does there, some is cut again. */
import type { SimulatedFlash } from "../../../hosts/node/node.ts"
import type * as flash from "../../../src/flash/index.ts"
import { withDeadline } from "../../property/model.ts"
import { makeRandom } from "../../support/streams.ts"
import { SEED } from "./chip.ts"
import { cutAt, type Mode, type Operation } from "./cutting.ts"
import { Session } from "./session.ts"

/** A recovery that takes longer hangs. With LONG all cuts in what follows it are in that time. */
const CASE_TIME_MAX = process.env.LONG === undefined ? 10_000 : 300_000

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
