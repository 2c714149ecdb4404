/**
 * Goal: a damaged file never crashes the program and never hangs it, and where a check can see the damage the answer is an
 * error and not wrong data.
 *
 * Method: the database of anchors.md 1.4 (400 puts, 100 of them deleted again) at 512 and 4096 bytes a page, with and
 * without page checksums. One bit is flipped, anywhere or in the structure (meta data, page headers, index slots, item
 * headers, references, separators), or the file is cut short; then it is scanned, every record is fetched, records are put
 * and deleted, the database is closed, reopened and scanned again. Each answer is compared with the undamaged one. Every
 * call has a budget of stream calls and every case a deadline, so a loop is seen as a hang. The table of outcomes is
 * printed next to the original's. Hand-made files follow: loops of every link the format has, depth bombs, sizes and
 * offsets that lie.
 *
 * Replay: SEED=<seed> npx vitest run test/corrupt; FLIPS=<n> sets the number of flips of each kind.
 */
import { afterAll, describe, expect, test } from "vitest"
import { btree, isFlashtreeError, MemoryStream } from "../../hosts/node/index.ts"
import {
  type Entry,
  inlineLimit,
  isDeadline,
  Model,
  pattern,
  sameBytes,
  withDeadline,
} from "../property/model.ts"
import { Random } from "../support/berkeley.ts"

type BTree = ReturnType<typeof btree.open>
type Options = NonNullable<Parameters<typeof btree.open>[1]>

const SEED = Number(process.env.SEED ?? 20261123)
const FLIPS = Number(process.env.FLIPS ?? 1000)
const CASE_TIME_MAX = 3000
const SCAN_MAX = 100_000

// ---- the harness -------------------------------------------------------------------------------------------------

class Endless extends Error {}

/** Throws Endless when a call asks for more than its budget. */
class Metered extends MemoryStream {
  left = 0
  override read(buffer: Uint8Array, position: number, start?: number, length?: number): number {
    this.spend()
    return super.read(buffer, position, start, length)
  }
  override write(buffer: Uint8Array, position: number, start?: number, length?: number): void {
    this.spend()
    super.write(buffer, position, start, length)
  }
  private spend(): void {
    if (--this.left < 0) throw new Endless("the call asks the stream for more than its budget")
  }
}

type Outcome = "unaffected" | "wrong" | "error" | "crash" | "hang"
const OUTCOMES: Outcome[] = ["unaffected", "wrong", "error", "crash", "hang"]

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value)
}

function keyOf(i: number): Uint8Array {
  return text(`key-${String((i * 7919) % 10007).padStart(5, "0")}`)
}

/** 400 puts, 100 deletes; some values go to overflow pages, and of those some are deleted, which makes a free list. */
function build(pagesize: number, checksums: boolean): { bytes: Uint8Array; model: Model } {
  const random = new Random(1)
  const stream = new MemoryStream()
  const model = new Model()
  const db = btree.open(stream, { pagesize, checksums })
  const everyBig = pagesize === 512 ? 8 : 32
  for (let i = 0; i < 400; i++) {
    const big = i % everyBig === 0
    const value = pattern(random.between(0, big ? 400 : 60) + (big ? inlineLimit(pagesize, 2) : 0), i)
    db.set(keyOf(i), value)
    model.put(keyOf(i), value)
  }
  for (let i = 0, left = 100; left > 0; i++) {
    if (i % (everyBig * 4) !== 0 && i % 4 !== 1) continue
    db.delete(keyOf(i))
    model.delete(keyOf(i))
    left--
  }
  db.close()
  expect(model.entries).toHaveLength(300)
  expect(btree.open(stream).stat().freePages).toBeGreaterThan(0)
  return { bytes: stream.bytes(), model }
}

function copyOf(model: Model): Model {
  const copy = new Model()
  copy.entries = model.entries.slice()
  return copy
}

/** Every call gets its budget: enough to read each page of the file a few times, and no more. */
class Session {
  readonly stream: Metered
  readonly options: Options
  readonly budget: number
  /** An answer differed from the undamaged one. */
  wrong = false
  db: BTree

  constructor(bytes: Uint8Array, pagesize: number, options: Options) {
    this.stream = new Metered(bytes)
    this.options = options
    this.budget = 4 * Math.ceil(bytes.length / pagesize) + 200
    this.stream.left = this.budget
    this.db = btree.open(this.stream, options)
  }

  call<T>(task: (db: BTree) => T): T {
    this.stream.left = this.budget
    return task(this.db)
  }

  reopen(): void {
    this.call((db) => db.close())
    this.stream.left = this.budget
    this.db = btree.open(this.stream, this.options)
  }

  scan(model: Model): void {
    const items = this.call((db) => db.items())
    for (let i = 0; ; i++) {
      const result = this.call(() => items.next())
      const entry = model.entries[i]
      if (result.done === true) {
        this.expect(entry === undefined)
        return
      }
      this.expect(
        entry !== undefined &&
          sameBytes(result.value[0], entry.key) &&
          sameBytes(result.value[1], entry.value),
      )
      if (i > SCAN_MAX) throw new Endless("the scan does not end")
    }
  }

  /** The last records backwards. */
  scanBack(model: Model, count: number): void {
    const keys = this.call((db) => db.keys(undefined, undefined, btree.DESC))
    for (let i = 1; i <= count; i++) {
      const result = this.call(() => keys.next())
      const entry = model.entries.at(-i)
      this.expect(result.done !== true && entry !== undefined && sameBytes(result.value, entry.key))
    }
  }

  /** Each record by itself; an error for one must not make the others, or the same one asked again, wrong. */
  getAll(model: Model, step: number): void {
    let first: unknown
    for (let i = 0; i < model.entries.length; i += step) {
      const entry = model.entries[i] as Entry
      try {
        const value = this.call((db) => db.get(entry.key))
        this.expect(value !== undefined && sameBytes(value, entry.value))
      } catch (error) {
        if (!isFlashtreeError(error)) throw error
        first ??= error
      }
    }
    if (first !== undefined) throw first
  }

  change(model: Model, random: Random): void {
    for (let i = 0; i < 30; i++) {
      const key = keyOf(random.between(0, 450))
      const value = pattern(i % 6 === 0 ? 600 : random.between(0, 60), i)
      this.call((db) => db.set(key, value))
      model.put(key, value)
    }
    for (let i = 0; i < 25; i++) {
      const key = keyOf(random.between(0, 450))
      const expected = model.delete(key)
      this.expect(this.call((db) => db.delete(key)) === expected)
    }
  }

  private expect(right: boolean): void {
    if (!right) this.wrong = true
  }
}

/** Runs `task`: anything it throws but a flashtree error is a crash. */
function outcomeOf(task: () => void): Exclude<Outcome, "wrong"> {
  // A damaged file makes errors by the hundred; their stacks would take most of the time.
  const depth = Error.stackTraceLimit
  Error.stackTraceLimit = 3
  try {
    withDeadline(CASE_TIME_MAX, task)
    return "unaffected"
  } catch (error) {
    if (error instanceof Endless || isDeadline(error)) return "hang"
    if (isFlashtreeError(error)) return "error"
    console.log("crash:", error)
    return "crash"
  } finally {
    Error.stackTraceLimit = depth
  }
}

interface Examined {
  /** Over scan and get. */
  read: Outcome
  /** Over puts, deletes, close, reopen and another scan as well. */
  changed: Outcome
  /** A wrong answer was given, to a read or after changes without an error: what checksums must exclude. */
  misled: boolean
}

let examined = 0

function worst(outcomes: Outcome[], wrong: boolean): Outcome {
  for (const bad of ["crash", "hang", "error"] as const) if (outcomes.includes(bad)) return bad
  return wrong ? "wrong" : "unaffected"
}

function examine(bytes: Uint8Array, pagesize: number, options: Options, sound: Model): Examined {
  let session: Session | undefined
  const opened = outcomeOf(() => {
    session = new Session(bytes, pagesize, options)
  })
  if (session === undefined) return { read: opened, changed: opened, misled: false }
  const one = session
  const scanned = outcomeOf(() => {
    one.scan(sound)
    one.scanBack(sound, 60)
  })
  // Where the scan has met an error, a record here and there shows whether the damage stays refused.
  const fetched = outcomeOf(() => one.getAll(sound, scanned === "error" ? 3 : 1))
  const read = worst([scanned, fetched], one.wrong)
  const wrongRead = one.wrong
  const model = copyOf(sound)
  const changed = outcomeOf(() => one.change(model, new Random(7)))
  // After an error the records are no longer known, but nothing may crash or hang.
  const reopened = outcomeOf(() => {
    one.reopen()
    one.scan(model)
    if (++examined % 4 === 0) one.call((db) => db.check())
  })
  return {
    read,
    changed: worst([scanned, fetched, changed, reopened], one.wrong),
    misled: wrongRead || (changed === "unaffected" && one.wrong),
  }
}

function scanBlindly(db: BTree): void {
  let steps = 0
  db.forEach(() => {
    if (++steps > SCAN_MAX) throw new Endless("the scan does not end")
  })
}

// ---- where the structure is --------------------------------------------------------------------------------------

/** Offsets of all bytes that are not payload: meta data, headers, slots, item headers, references, separators. */
function structureBytes(file: Uint8Array): number[] {
  const view = new DataView(file.buffer, file.byteOffset, file.length)
  const pagesize = view.getUint32(8, true)
  const found: number[] = []
  const add = (from: number, length: number) => {
    for (let i = 0; i < length; i++) found.push(from + i)
  }
  add(0, 24)
  for (let base = pagesize; base + pagesize <= file.length; base += pagesize) {
    add(base, 20)
    const type = view.getUint32(base + 12, true) & 0x1f
    if (type !== 1 && type !== 2) continue
    const lower = view.getUint16(base + 16, true)
    for (let slot = base + 20; slot < base + lower; slot += 2) {
      add(slot, 2)
      const item = base + view.getUint16(slot, true)
      const keyLength = view.getUint32(item, true)
      add(item, 9)
      const flags = file[item + 8] as number
      if (type === 1 || (flags & 2) !== 0) add(item + 9, keyLength)
      if (type === 2 && (flags & 1) !== 0) add(item + 9 + keyLength, 8)
    }
  }
  return found
}

// ---- flips and truncation ----------------------------------------------------------------------------------------

const table: string[] = []

function addRow(name: string, counts: [Map<Outcome, number>, Map<Outcome, number>], original: string): void {
  const cells = OUTCOMES.map((outcome) => {
    const total = [...counts[0].values()].reduce((sum, count) => sum + count, 0)
    const share = (map: Map<Outcome, number>) => ((100 * (map.get(outcome) ?? 0)) / total).toFixed(1)
    return `${share(counts[0])} / ${share(counts[1])}`.padStart(13)
  })
  table.push(`${name.padEnd(36)}${cells.join(" ")}   | original: ${original}`)
}

afterAll(() => {
  const head = OUTCOMES.map((outcome) => outcome.padStart(13)).join(" ")
  const title = `damage (% of cases, read / with writes)`
  console.log(`SEED=${SEED} FLIPS=${FLIPS}\n${title}\n${"".padEnd(36)}${head}\n${table.join("\n")}`)
})

/** The original's unaffected, wrong, error, crash, hang (anchors.md 1.4). */
const ORIGINAL: Record<string, string> = {
  "512 random": "51.6, 46.0/45.5, 1.8, 0.6/1.1, 0",
  "512 structure": "29.1/28.1, 50.2/45.4, 15.7/15.9, 4.8/10.5, 0.2",
  "4096 random": "38.8, 61.0, 0.2, 0.1, 0",
  "4096 structure": "30.1/29.6, 52.1/49.5, 13.9/14.0, 4.0/6.8, 0",
  "512 truncation": "0, 0.3, 99.7, 0, 0",
  "4096 truncation": "0, 1.7, 98.3, 0, 0",
}

/** How much of the structure flips may still be silently wrong without checksums: a part of what the original has. */
const SILENT_SHARE_MAX = 0.25

interface Tally {
  counts: [Map<Outcome, number>, Map<Outcome, number>]
  /** The cases that must not be, by name. */
  bad: string[]
}

function tally(
  cases: Iterable<{ name: string; bytes: Uint8Array }>,
  pagesize: number,
  options: Options,
  model: Model,
): Tally {
  const counts: Tally["counts"] = [new Map(), new Map()]
  const bad: string[] = []
  for (const { name, bytes } of cases) {
    const { read, changed, misled } = examine(bytes, pagesize, options, model)
    counts[0].set(read, (counts[0].get(read) ?? 0) + 1)
    counts[1].set(changed, (counts[1].get(changed) ?? 0) + 1)
    if (changed === "crash" || changed === "hang") bad.push(`${name}: ${changed}`)
    else if (misled && options.checksums === true) bad.push(`${name}: silently wrong`)
  }
  return { counts, bad }
}

function* flips(file: Uint8Array, places: number[] | undefined, pagesize: number, seed: number) {
  const random = new Random(seed)
  for (let i = 0; i < FLIPS; i++) {
    let offset: number
    do {
      offset = places === undefined ? random.between(0, file.length - 1) : random.pick(places)
    } while (offset >= 24 && offset < pagesize)
    const bit = random.between(0, 7)
    const bytes = file.slice()
    bytes[offset] = (bytes[offset] as number) ^ (1 << bit)
    yield {
      name: `byte ${offset} (page ${Math.floor(offset / pagesize)}+${offset % pagesize}), bit ${bit}`,
      bytes,
    }
  }
}

function* metaFlips(file: Uint8Array) {
  for (let bit = 0; bit < 24 * 8; bit++) {
    const bytes = file.slice()
    bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7))
    yield { name: `byte ${bit >> 3}, bit ${bit & 7}`, bytes }
  }
}

for (const pagesize of [512, 4096]) {
  for (const checksums of [false, true]) {
    // Small enough to evict, large enough not to read every page anew for every record.
    const options: Options = { cachesize: 16 * 512, checksums }
    describe(`${pagesize}-byte pages, checksums ${checksums}`, () => {
      const { bytes, model } = build(pagesize, checksums)

      test("undamaged: nothing is wrong, and the budget is enough", () => {
        expect(examine(bytes, pagesize, options, model)).toEqual({
          read: "unaffected",
          changed: "unaffected",
          misled: false,
        })
      })

      test("every bit of the meta data flipped: no crash, no hang", () => {
        const { counts, bad } = tally(metaFlips(bytes), pagesize, options, model)
        addRow(`${pagesize}${checksums ? " checksums" : ""}: meta data, each bit`, counts, "-")
        expect(bad).toEqual([])
      })

      test.each(["random", "structure"])("%s bit flips: no crash, no hang", (kind) => {
        const places = kind === "structure" ? structureBytes(bytes) : undefined
        const { counts, bad } = tally(flips(bytes, places, pagesize, SEED), pagesize, options, model)
        const original = ORIGINAL[`${pagesize} ${kind}`] as string
        addRow(`${pagesize}${checksums ? " checksums" : ""}: ${kind} flips`, counts, original)
        expect(bad).toEqual([])
        if (kind === "structure" && !checksums) {
          for (const map of counts) expect((map.get("wrong") ?? 0) / FLIPS).toBeLessThan(SILENT_SHARE_MAX)
        }
      })

      test("truncation at every 97th byte: no crash, no hang, nothing silently wrong", () => {
        const cuts: { name: string; bytes: Uint8Array }[] = []
        for (let length = 97; length < bytes.length; length += 97) {
          cuts.push({ name: `cut to ${length}`, bytes: bytes.slice(0, length) })
        }
        const { counts, bad } = tally(cuts, pagesize, options, model)
        addRow(
          `${pagesize}${checksums ? " checksums" : ""}: truncation`,
          counts,
          ORIGINAL[`${pagesize} truncation`] as string,
        )
        expect(bad).toEqual([])
        expect(counts[0].get("wrong") ?? 0).toBe(0)
        expect(counts[1].get("wrong") ?? 0).toBe(0)
      })
    })
  }
}

// ---- hostile files -----------------------------------------------------------------------------------------------

const INTERNAL = 1
const LEAF = 2
const OVERFLOW = 4

interface Links {
  prev?: number
  next?: number
}

/** Writes pages by hand, right or wrong. */
class Maker {
  readonly pagesize: number
  readonly bytes: Uint8Array
  readonly view: DataView

  constructor(pages: number, pagesize = 512) {
    this.pagesize = pagesize
    this.bytes = new Uint8Array(pages * pagesize)
    this.view = new DataView(this.bytes.buffer)
    for (const [offset, value] of [
      [0, 0x53162],
      [4, 3],
      [8, pagesize],
      [20, 0x20],
    ] as const) {
      this.view.setUint32(offset, value, true)
    }
  }

  free(head: number): this {
    this.view.setUint32(12, head, true)
    return this
  }

  header(page: number, type: number, links: Links, lower: number, upper: number): this {
    const base = page * this.pagesize
    this.view.setUint32(base, page, true)
    this.view.setUint32(base + 4, links.prev ?? 0, true)
    this.view.setUint32(base + 8, links.next ?? 0, true)
    this.view.setUint32(base + 12, type, true)
    this.view.setUint16(base + 16, lower, true)
    this.view.setUint16(base + 18, upper, true)
    return this
  }

  leaf(
    page: number,
    items: { key: Uint8Array; value: Uint8Array; flags?: number }[],
    links: Links = {},
  ): this {
    return this.fill(
      page,
      LEAF,
      items.map(({ key, value, flags }) => ({
        words: [key.length, value.length],
        flags: flags ?? 0,
        body: [key, value],
      })),
      links,
    )
  }

  internal(
    page: number,
    items: { key: Uint8Array; child: number; flags?: number }[],
    links: Links = {},
  ): this {
    return this.fill(
      page,
      INTERNAL,
      items.map(({ key, child, flags }) => ({ words: [key.length, child], flags: flags ?? 0, body: [key] })),
      links,
    )
  }

  overflow(page: number, next: number): this {
    return this.header(page, OVERFLOW, { next }, 0, 0)
  }

  u16(page: number, offset: number, value: number): this {
    this.view.setUint16(page * this.pagesize + offset, value, true)
    return this
  }

  u32(page: number, offset: number, value: number): this {
    this.view.setUint32(page * this.pagesize + offset, value, true)
    return this
  }

  /** Where item `index` of the page starts, within the page. */
  item(page: number, index: number): number {
    return this.view.getUint16(page * this.pagesize + 20 + index * 2, true)
  }

  private fill(
    page: number,
    type: number,
    items: { words: number[]; flags: number; body: Uint8Array[] }[],
    links: Links,
  ): this {
    const base = page * this.pagesize
    let upper = this.pagesize
    items.forEach(({ words, flags, body }, i) => {
      const length = 9 + body.reduce((sum, part) => sum + part.length, 0)
      upper -= (length + 3) & ~3
      this.view.setUint16(base + 20 + i * 2, upper, true)
      for (const [j, word] of words.entries()) this.view.setUint32(base + upper + j * 4, word, true)
      this.bytes[base + upper + 8] = flags
      let at = base + upper + 9
      for (const part of body) {
        this.bytes.set(part, at)
        at += part.length
      }
    })
    return this.header(page, type, links, 20 + items.length * 2, upper)
  }
}

function reference(page: number, length: number): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setUint32(0, page, true)
  new DataView(bytes.buffer).setUint32(4, length, true)
  return bytes
}

const entry = (key: string, value = "value") => ({ key: text(key), value: text(value) })
const child = (key: string, page: number) => ({ key: text(key), child: page })

/** Two leaves under a root: a(2) .. m(3). */
function twoLeaves(pages = 8): Maker {
  return new Maker(pages)
    .internal(1, [child("", 2), child("m", 3)])
    .leaf(2, [entry("a"), entry("c"), entry("e")], { next: 3 })
    .leaf(3, [entry("m"), entry("o"), entry("q")], { prev: 2 })
}

/** A leaf as root whose record "big" is on overflow pages from page 2 on. */
function bigValue(length: number, pages: (maker: Maker) => void, count = 8): Maker {
  const maker = new Maker(count).leaf(1, [
    { key: text("big"), value: reference(2, length), flags: 1 },
    entry("c"),
  ])
  pages(maker)
  return maker
}

function bigKey(length: number, pages: (maker: Maker) => void, count = 8): Maker {
  const maker = new Maker(count).leaf(1, [
    entry("a"),
    { key: reference(2, length), value: text("value"), flags: 2 },
  ])
  pages(maker)
  return maker
}

const hostile: [string, () => Maker][] = [
  ["a sound file (the harness itself is at fault if this one fails)", () => twoLeaves()],
  ["child loop: the root is its own child", () => new Maker(4).internal(1, [child("", 1), child("m", 1)])],
  [
    "child loop: two internal pages refer to each other",
    () =>
      new Maker(4)
        .internal(1, [child("", 2), child("m", 3)])
        .internal(2, [child("", 3)])
        .internal(3, [child("", 2)]),
  ],
  ["child page 0", () => twoLeaves().u32(1, twoLeaves().item(1, 0) + 4, 0)],
  ["child page beyond the end", () => twoLeaves().u32(1, twoLeaves().item(1, 1) + 4, 8)],
  ["child page 0xffffffff", () => twoLeaves().u32(1, twoLeaves().item(1, 1) + 4, 0xffffffff)],
  ["both children are the same leaf", () => twoLeaves().u32(1, twoLeaves().item(1, 1) + 4, 2)],
  ["an internal page without items", () => new Maker(4).internal(1, [])],
  ["a leaf where an internal page should be", () => twoLeaves().u32(2, 12, OVERFLOW)],
  ["a leaf of type 0", () => twoLeaves().u32(2, 12, 0)],
  ["a recno leaf", () => twoLeaves().u32(2, 12, 16)],
  [
    "levels of different depth",
    () =>
      twoLeaves()
        .internal(2, [child("", 4)])
        .leaf(4, [entry("a")]),
  ],
  [
    "depth bomb: 3000 internal pages with one child each",
    () => {
      const maker = new Maker(3003)
      for (let page = 1; page <= 3000; page++) maker.internal(page, [child("", page + 1)])
      return maker.leaf(3001, [entry("a")])
    },
  ],
  [
    "width bomb: 12 levels, every page has 30 times the same child",
    () => {
      const maker = new Maker(16)
      for (let page = 1; page <= 12; page++) {
        const items = Array.from({ length: 30 }, (_, i) =>
          child(i === 0 ? "" : String.fromCharCode(0x60 + i), page + 1),
        )
        maker.internal(page, items)
      }
      return maker.leaf(13, [entry("a")])
    },
  ],
  ["leaf link loop: next is the page itself", () => twoLeaves().u32(2, 8, 2)],
  ["leaf link loop: the last leaf goes on at the first", () => twoLeaves().u32(3, 8, 2)],
  ["leaf link loop both ways", () => twoLeaves().u32(3, 8, 2).u32(2, 4, 3)],
  ["prev is the page itself", () => twoLeaves().u32(3, 4, 3)],
  ["next leads to an internal page", () => twoLeaves().u32(2, 8, 1)],
  ["next leads out of the file", () => twoLeaves().u32(2, 8, 4000)],
  ["next skips a leaf", () => twoLeaves().u32(2, 8, 0)],
  [
    "overflow chain loop: a page is its own successor",
    () => bigValue(5000, (maker) => maker.overflow(2, 2), 16),
  ],
  [
    "overflow chain loop of two pages",
    () => bigValue(100_000, (maker) => maker.overflow(2, 3).overflow(3, 2), 300),
  ],
  ["overflow chain too short", () => bigValue(2000, (maker) => maker.overflow(2, 3).overflow(3, 0))],
  ["overflow chain too long", () => bigValue(400, (maker) => maker.overflow(2, 3).overflow(3, 0))],
  ["overflow chain leads to the root", () => bigValue(900, (maker) => maker.overflow(2, 1))],
  ["overflow length near 2^32", () => bigValue(0xfffffff0, (maker) => maker.overflow(2, 0))],
  ["overflow length 0", () => bigValue(0, (maker) => maker.overflow(2, 0))],
  ["overflow page 0", () => bigValue(400, (maker) => maker.u32(1, maker.item(1, 0) + 12, 0))],
  ["overflow page 1 (the root)", () => bigValue(400, (maker) => maker.u32(1, maker.item(1, 0) + 12, 1))],
  ["overflow page beyond the end", () => bigValue(400, (maker) => maker.u32(1, maker.item(1, 0) + 12, 99))],
  [
    "two records share a chain",
    () => {
      const value = reference(2, 400)
      return new Maker(4)
        .leaf(1, [
          { key: text("a"), value, flags: 1 },
          { key: text("b"), value, flags: 1 },
        ])
        .overflow(2, 0)
    },
  ],
  ["big key: chain loop", () => bigKey(5000, (maker) => maker.overflow(2, 2), 16)],
  ["big key: length near 2^32", () => bigKey(0xfffffff0, (maker) => maker.overflow(2, 0))],
  ["big key: length 0", () => bigKey(0, (maker) => maker.overflow(2, 0))],
  [
    "big flag, but not 8 bytes",
    () => new Maker(4).leaf(1, [{ key: text("a"), value: text("five!"), flags: 1 }]),
  ],
  ["unknown item flags", () => new Maker(4).leaf(1, [{ key: text("a"), value: text("v"), flags: 0xfc }])],
  [
    "big key in an internal page: chain loop",
    () => {
      return new Maker(8)
        .internal(1, [child("", 2), { key: reference(4, 3000), child: 3, flags: 2 }])
        .leaf(2, [entry("a")], { next: 3 })
        .leaf(3, [entry("q")], { prev: 2 })
        .overflow(4, 4)
    },
  ],
  ["free list loop: a page is its own successor", () => twoLeaves().free(4).header(4, 0, { next: 4 }, 0, 0)],
  [
    "free list loop of two pages",
    () => twoLeaves().free(4).header(4, 0, { next: 5 }, 0, 0).header(5, 0, { next: 4 }, 0, 0),
  ],
  ["free list starts at the root", () => twoLeaves().free(1)],
  ["free list starts at a leaf", () => twoLeaves().free(3)],
  ["free list starts beyond the end", () => twoLeaves().free(4000)],
  ["free list goes on into the tree", () => twoLeaves().free(4).header(4, 0, { next: 2 }, 0, 0)],
  ["slot points into the header", () => twoLeaves().u16(2, 20, 4)],
  ["slot points into the index", () => twoLeaves().u16(2, 20, 22)],
  ["slot points beyond the page", () => twoLeaves().u16(2, 20, 600)],
  ["slot points at the last byte", () => twoLeaves().u16(2, 20, 511)],
  ["two slots point at the same item", () => twoLeaves().u16(2, 22, twoLeaves().item(2, 0))],
  ["lower beyond the page", () => twoLeaves().u16(2, 16, 65534)],
  ["lower beyond upper", () => twoLeaves().u16(2, 16, 500)],
  ["lower odd", () => twoLeaves().u16(2, 16, 25)],
  ["lower inside the header", () => twoLeaves().u16(2, 16, 4)],
  ["upper beyond the page", () => twoLeaves().u16(2, 18, 513)],
  ["upper 0", () => twoLeaves().u16(2, 18, 0)],
  ["upper inside the header", () => twoLeaves().u16(2, 18, 8)],
  ["key size near 2^32", () => twoLeaves().u32(2, twoLeaves().item(2, 1), 0xfffffff8)],
  ["key size 2^31", () => twoLeaves().u32(2, twoLeaves().item(2, 1), 0x80000000)],
  ["value size near 2^32", () => twoLeaves().u32(2, twoLeaves().item(2, 1) + 4, 0xfffffff8)],
  [
    "sizes whose sum is small modulo 2^32",
    () => {
      const item = twoLeaves().item(2, 1)
      return twoLeaves()
        .u32(2, item, 0xffffffff)
        .u32(2, item + 4, 7)
    },
  ],
  [
    "overlapping items: a value runs into the next item",
    () => twoLeaves().u32(2, twoLeaves().item(2, 2) + 4, 20),
  ],
  ["an item that runs out of the page", () => twoLeaves().u32(2, twoLeaves().item(2, 0) + 4, 200)],
  ["separator size near 2^32", () => twoLeaves().u32(1, twoLeaves().item(1, 1), 0xfffffff8)],
  [
    "keys out of order in a leaf",
    () => twoLeaves().leaf(2, [entry("c"), entry("a"), entry("e")], { next: 3 }),
  ],
  ["keys out of order between leaves", () => twoLeaves().leaf(2, [entry("a"), entry("z")], { next: 3 })],
  [
    "the same key twice in a file without duplicates",
    () => twoLeaves().leaf(2, [entry("a"), entry("a")], { next: 3 }),
  ],
  ["a page with another page's number", () => twoLeaves().u32(3, 0, 2)],
  ["page size 65536 in a small file", () => twoLeaves().u32(0, 8, 65536)],
  ["the root is free", () => new Maker(4)],
]

/** Every public call; each alone on a fresh handle, then all in a row on one. */
const calls: [string, (db: BTree) => unknown][] = [
  ["get", (db) => ["a", "big", "c", "m", "zzz", ""].map((key) => db.get(key))],
  ["getInto", (db) => ["a", "big", "q"].map((key) => db.getInto(key, new Uint8Array(600)))],
  ["find", (db) => ["a", "big", "q"].map((key) => db.find(key))],
  ["has", (db) => ["a", "big", "q"].map((key) => db.has(key))],
  ["scan up", (db) => drain(db.items())],
  ["scan down", (db) => drain(db.items(undefined, undefined, btree.DESC))],
  ["scan part", (db) => drain(db.items("b", "p", btree.INCL))],
  ["forEach", (db) => scanBlindly(db)],
  ["cursor", (db) => walk(db)],
  [
    "seq",
    (db) => {
      for (const code of [btree.R_FIRST, btree.R_NEXT, btree.R_LAST, btree.R_PREV]) db.seq(code)
      db.seq(btree.R_CURSOR, "b")
    },
  ],
  ["stat", (db) => db.stat()],
  ["check", (db) => db.check()],
  ["overwrite", (db) => ["a", "big", "q"].map((key) => db.set(key, "other"))],
  ["overwrite with more", (db) => ["a", "big", "q"].map((key) => db.set(key, new Uint8Array(1500)))],
  ["put small", (db) => manyPuts(db, 20)],
  ["put large", (db) => manyPuts(db, 700)],
  ["put long keys", (db) => ["a", "b", "p"].map((key) => db.set(key.padEnd(400, "x"), "value"))],
  ["delete", (db) => ["a", "big", "c", "m", "q"].map((key) => db.delete(key))],
  ["delete under the cursor", (db) => deleteAll(db)],
  ["deleteRange part", (db) => db.deleteRange("b", "p")],
  ["deleteRange all", (db) => db.deleteRange()],
  ["clear", (db) => db.clear()],
  ["flush", (db) => db.flush()],
]

function drain(iterator: { next(): { done?: boolean | undefined } }): void {
  for (let steps = 0; iterator.next().done !== true; steps++) {
    if (steps > SCAN_MAX) throw new Endless("the iteration does not end")
  }
}

function walk(db: BTree): void {
  const cursor = db.cursor()
  for (const [start, step] of [
    ["first", "next"],
    ["last", "previous"],
  ] as const) {
    let steps = 0
    for (let more = cursor[start](); more; more = cursor[step]()) {
      cursor.key()
      cursor.value()
      if (++steps > SCAN_MAX) throw new Endless("the cursor does not come to an end")
    }
  }
  for (const key of ["a", "d", "n", "zzz"]) if (cursor.seek(key)) cursor.previous()
}

function manyPuts(db: BTree, size: number): void {
  for (let i = 0; i < 60; i++) db.set(`k${(i * 37) % 100}`, new Uint8Array(size))
}

function deleteAll(db: BTree): void {
  const cursor = db.cursor()
  for (let steps = 0; cursor.next(); steps++) {
    cursor.delete()
    if (steps > SCAN_MAX) throw new Endless("the cursor does not come to an end")
  }
}

describe("hostile files: only flashtree errors, no call without an end", () => {
  test.each(hostile)("%s", (name, make) => {
    const { bytes, pagesize } = make()
    const options: Options = { cachesize: 0 }
    const bad: string[] = []
    const note = (what: string, outcome: Outcome) => {
      if (outcome === "crash" || outcome === "hang") bad.push(`${what}: ${outcome}`)
    }
    const open = () => {
      const session = new Session(bytes, pagesize, options)
      return session
    }
    // Calls that change many records get a budget for each of them.
    const attempt = (session: Session, call: (db: BTree) => unknown) => {
      session.stream.left = session.budget * 100
      call(session.db)
    }
    for (const [what, call] of calls)
      note(
        what,
        outcomeOf(() => attempt(open(), call)),
      )
    let session: Session | undefined
    note(
      "open",
      outcomeOf(() => {
        session = open()
      }),
    )
    for (const [what, call] of calls) {
      if (session === undefined) break
      const one = session
      note(
        `${what}, in a row`,
        outcomeOf(() => attempt(one, call)),
      )
    }
    if (session !== undefined) {
      const one = session
      note(
        "close, in a row",
        outcomeOf(() => attempt(one, (db) => db.close())),
      )
    }
    expect(bad).toEqual([])
    if (name.startsWith("a sound file")) expect(open().db.check()).toEqual([])
  })

  // A chain for no bytes at all is odd, but nothing is wrong with it.
  const sound = ["a sound file", "overflow length 0"]
  const damaged = hostile.filter(([name]) => !sound.some((start) => name.startsWith(start)))
  test.each(damaged)("check() or open sees: %s", (_, make) => {
    const { bytes } = make()
    let findings: unknown[]
    try {
      findings = withDeadline(CASE_TIME_MAX, () =>
        btree.open(new MemoryStream(bytes), { cachesize: 0 }).check(),
      )
    } catch (error) {
      if (!isFlashtreeError(error)) throw error
      findings = [error]
    }
    expect(findings.length).toBeGreaterThan(0)
    expect(findings.length).toBeLessThan(10_000)
  })
})
