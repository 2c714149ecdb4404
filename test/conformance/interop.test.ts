/**
 * Goal: a file is as good in the hands of the real Berkeley DB 1.85 as in ours, whoever wrote last.
 * Method: flashtree and libdb1 take turns on one file, 300 random operations a turn, through phases that grow the tree,
 * shrink its pages to a record or none, and refill them with records near the inline limit; after every turn both read
 * the whole file and must equal a sorted map, and check() is clean. libdb1's turns avoid what it does wrong in a sound
 * file: records exactly at the inline limit (defect Q2), keys beyond O-8 (Q1), and a key below the smallest once it has
 * deleted (Q4). Then: files with duplicates and files of the opposite byte order, each way, and page checks.
 */
import { appendFileSync, copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, test } from "vitest"
import { FileStream } from "../../hosts/node/file-stream.ts"
import { btree, isFlashtreeError, journaled } from "../../src/index.ts"
import {
  compareBytes,
  type DbRecord,
  FIXTURES,
  hex,
  latin1,
  Random,
  seeded,
  unlatin1,
} from "../support/berkeley.ts"
import { dumpLibdb1, mustRunLibdb1, type Operation, runLibdb1, scanLibdb1 } from "../support/libdb1/index.ts"

type BTree = ReturnType<typeof btree.open>
type OpenOptions = NonNullable<Parameters<typeof btree.open>[1]>

const directory = mkdtempSync(join(tmpdir(), "flashtree-interop-"))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

let files = 0
function freshPath(): string {
  return join(directory, `${++files}.db`)
}

interface TurnOptions extends OpenOptions {
  /** Write through a rollback journal beside the file. */
  journal?: boolean
}

/** Opens `path` for one turn, and closes tree and file after it. */
function withTree<T>(path: string, options: TurnOptions, body: (tree: BTree) => T): T {
  const { journal, ...rest } = options
  const file = new FileStream(path, { create: true })
  const stream = journal ? journaled(file, new FileStream(`${path}.journal`, { create: true })) : file
  try {
    const tree = btree.open(stream, rest)
    const result = body(tree)
    tree.close()
    return result
  } finally {
    stream.close()
  }
}

function scan(tree: BTree): DbRecord[] {
  const records: DbRecord[] = []
  const cursor = tree.cursor()
  for (let more = cursor.first(); more; more = cursor.next()) records.push([cursor.key(), cursor.value()])
  cursor.close()
  return records
}

function inlineLimit(pagesize: number): number {
  return Math.floor((pagesize - 20) / 2) - 14
}

/** latin1() of the key to the value. */
type Model = Map<string, Uint8Array>
type Phase = "grow" | "mix" | "shrink" | "refill"
type Writer = "flashtree" | "libdb1"
type Change = { op: "put"; key: Uint8Array; value: Uint8Array } | { op: "delete"; key: Uint8Array }

function sortedKeys(model: Model): string[] {
  return [...model.keys()].sort()
}

function sortedRecords(model: Model): DbRecord[] {
  return sortedKeys(model).map((key) => [unlatin1(key), model.get(key) as Uint8Array])
}

/** Draws `count` changes for one turn and applies them to `model`. */
function drawTurn(
  random: Random,
  model: Model,
  turn: { pagesize: number; count: number; phase: Phase; writer: Writer },
): Change[] {
  const limit = inlineLimit(turn.pagesize)
  const longestKey = limit - 8
  const prefix = new Random(turn.pagesize).bytes(Math.min(100, limit >> 2))
  const changes: Change[] = []
  let deleted = false
  const queue: string[] = []
  if (turn.phase === "shrink") {
    // Neighbours go together, so that pages are left with no record, one or two.
    const keep = random.pick([0.02, 0.1, 0.2])
    for (const key of sortedKeys(model)) if (!random.chance(keep)) queue.push(key)
    if (random.chance(0.5)) queue.reverse()
    if (random.chance(0.3)) random.shuffle(queue)
  }

  const drawKey = (): Uint8Array => {
    const kind = random.next()
    if (kind < 0.6) return random.bytes(random.between(3, 16))
    if (kind < 0.8) return random.bytes(random.between(1, Math.max(1, limit >> 2)))
    if (kind < 0.9) return random.bytes(random.between(longestKey - 3, longestKey))
    return new Uint8Array([...prefix, ...random.bytes(random.between(1, 12))])
  }
  const drawValueLength = (keyLength: number): number => {
    const kind = random.next()
    const near = turn.phase === "refill" ? 0.5 : 0.2
    if (kind < near) {
      const total = random.between(limit - 3, turn.writer === "flashtree" ? limit : limit - 1)
      return Math.max(0, total - keyLength)
    }
    if (kind < near + 0.1) return random.between(limit + 1, Math.min(4 * turn.pagesize, 100_000))
    if (kind < near + 0.2) return 0
    if (kind < near + 0.35) return random.between(limit >> 3, limit >> 1)
    return random.between(0, 40)
  }
  const smallest = () => {
    let first: string | undefined
    for (const key of model.keys()) if (first === undefined || key < first) first = key
    return first
  }

  while (changes.length < turn.count) {
    const stored = [...model.keys()]
    const remove =
      turn.phase === "shrink"
        ? random.chance(0.97)
        : random.chance(turn.phase === "grow" ? 0.1 : turn.phase === "mix" ? 0.4 : 0.2)
    if (remove && stored.length > 0) {
      const next = queue.pop()
      const key = next !== undefined && model.has(next) ? next : random.pick(stored)
      if (turn.phase === "shrink" && next === undefined) {
        if (changes.length > 0) break
      }
      model.delete(key)
      deleted = true
      changes.push({ op: "delete", key: unlatin1(key) })
      continue
    }
    const overwrite = stored.length > 0 && random.chance(0.25)
    const key = overwrite ? unlatin1(random.pick(stored)) : drawKey()
    const first = smallest()
    if (turn.writer === "libdb1" && deleted && (first === undefined || latin1(key) < first)) {
      // Defect Q4: libdb1 may put it on a page it has freed. Deleting something absent keeps the turn going.
      changes.push({ op: "delete", key: new Uint8Array([0]) })
      model.delete("\0")
      continue
    }
    let length = drawValueLength(key.length)
    if (turn.writer === "libdb1") {
      // Defect Q2, also when the data's reference of eight bytes makes up the item.
      if (key.length + length === limit) length--
      else if (key.length + length > limit && key.length + 8 === limit) length = random.between(0, 7)
    }
    const value = random.bytes(length)
    model.set(latin1(key), value)
    changes.push({ op: "put", key, value })
  }
  return changes
}

function flashtreeTurn(path: string, options: TurnOptions, changes: Change[], random: Random): void {
  withTree(path, options, (tree) => {
    for (const change of changes) {
      if (change.op === "put") tree.set(change.key, change.value)
      else tree.delete(change.key)
      if (random.chance(0.02)) tree.flush()
    }
  })
}

function libdb1Turn(
  path: string,
  pagesize: number,
  lorder: 0 | 1234 | 4321,
  changes: Change[],
  random: Random,
): void {
  const operations: Operation[] = []
  for (const change of changes) {
    operations.push(change)
    // Syncing a file of the opposite order leaves the handle useless (defect Q11).
    if (lorder !== 4321 && random.chance(0.02)) operations.push({ op: "sync" })
  }
  mustRunLibdb1(path, { psize: pagesize, lorder, cachesize: random.pick([0, 16 * pagesize]) }, operations)
}

function expectRecords(actual: DbRecord[], expected: DbRecord[], who: string): void {
  expect(actual.length, `${who}: records`).toBe(expected.length)
  for (let i = 0; i < expected.length; i++) {
    const [key, value] = actual[i] as DbRecord
    const [expectedKey, expectedValue] = expected[i] as DbRecord
    if (compareBytes(key, expectedKey) !== 0) {
      expect.fail(`${who}: record ${i} has key ${hex(key)} instead of ${hex(expectedKey)}`)
    }
    if (compareBytes(value, expectedValue) !== 0) {
      expect.fail(`${who}: key ${hex(key)} has ${value.length} bytes, not the ${expectedValue.length} put`)
    }
  }
}

/** Both libraries read the file; ours also gets every record and checks the structure. */
function verify(path: string, options: TurnOptions, model: Model, who: string): void {
  const expected = sortedRecords(model)
  withTree(path, { ...options, readonly: true }, (tree) => {
    expect(tree.check(), `${who}: check()`).toEqual([])
    expectRecords(scan(tree), expected, `${who}, read by flashtree`)
    for (const [key, value] of expected) {
      const found = tree.get(key)
      if (found === undefined || compareBytes(found, value) !== 0)
        expect.fail(`${who}: get(${hex(key)}) is wrong`)
    }
  })
  const [forward, backward, ...gets] = mustRunLibdb1(path, { create: false, readonly: true }, [
    { op: "scan" },
    { op: "scanBack" },
    ...expected.map(([key]): Operation => ({ op: "get", key })),
  ])
  expectRecords(forward?.records ?? [], expected, `${who}, read by libdb1`)
  expectRecords(backward?.records.reverse() ?? [], expected, `${who}, read backward by libdb1`)
  gets.forEach((result, index) => {
    const [key, value] = expected[index] as DbRecord
    const found = result.records[0]?.[1]
    if (result.rc !== 0 || found === undefined || compareBytes(found, value) !== 0) {
      expect.fail(`${who}: libdb1 does not find ${hex(key)}`)
    }
  })
}

const PHASES: Phase[] = [
  "grow",
  "mix",
  "shrink",
  "refill",
  "mix",
  "shrink",
  "refill",
  "grow",
  "shrink",
  "refill",
]

/** Ten rounds; `starts` has the first, the other the second and so on. */
function takeTurns(random: Random, pagesize: number, starts: Writer, options: TurnOptions = {}): string {
  const path = freshPath()
  const model: Model = new Map()
  const lorder = options.lorder ?? 0
  PHASES.forEach((phase, round) => {
    const writer: Writer = (round % 2 === 0) === (starts === "flashtree") ? "flashtree" : "libdb1"
    const changes = drawTurn(random, model, { pagesize, count: 300, phase, writer })
    const cachesize = random.pick([0, 0, 8 * pagesize])
    if (writer === "flashtree") flashtreeTurn(path, { ...options, pagesize, cachesize }, changes, random)
    else libdb1Turn(path, pagesize, lorder, changes, random)
    verify(path, options, model, `round ${round} (${phase} by ${writer})`)
  })
  const lines = sortedRecords(model).flatMap(([key, value]) => [hex(key), hex(value)])
  const dump = dumpLibdb1(path)
  expect(dump.header).toContain(`db_pagesize=${pagesize}`)
  expect(dump.lines).toEqual(lines)
  return path
}

describe("the oracle", () => {
  test("a crash of libdb1 is a result: where, by what signal, and what came before", () => {
    // Defect Q10: with minkeypage 50 the inline limit wraps around and larger values are written outside the page.
    const operations: Operation[] = []
    for (let i = 0; i < 100; i++)
      operations.push({ op: "put", key: `k${100 + i}`, value: new Uint8Array(i * 5) })
    const { results, crashed } = runLibdb1(freshPath(), { psize: 512, minkeypage: 50 }, operations)
    expect(crashed?.signal).toBe("SIGSEGV")
    expect(crashed?.at).toBe(results.length)
    expect(results.length).toBeGreaterThan(1)
    expect(results.length).toBeLessThan(100)
    expect(results.every(({ rc }) => rc === 0)).toBe(true)
  })

  test("page transfers are counted, those of page 0 apart", () => {
    const operations: Operation[] = [
      { op: "put", key: "a", value: "1" },
      { op: "sync" },
      { op: "io" },
      { op: "put", key: "b", value: "2" },
      { op: "sync" },
      { op: "io" },
      { op: "io" },
    ]
    const [, , first, , , second, none] = mustRunLibdb1(freshPath(), { psize: 512 }, operations)
    expect(first?.io).toMatchObject({ writes: 2, metaWrites: 1, bytesWritten: 1024, fsyncs: 1 })
    // Defect Q14: the meta page again.
    expect(second?.io).toMatchObject({ reads: 0, writes: 2, metaWrites: 1, bytesWritten: 1024, fsyncs: 1 })
    expect(none?.io).toMatchObject({ reads: 0, writes: 0, fsyncs: 0 })
  })
})

describe("flashtree and libdb1 take turns", () => {
  for (const pagesize of [512, 700, 1024, 4096, 8192, 65536]) {
    for (const starts of ["flashtree", "libdb1"] as const) {
      test(`page size ${pagesize}, ${starts} first`, () =>
        seeded(pagesize + starts.length, (random) => {
          takeTurns(random, pagesize, starts)
        }))
    }
  }

  for (const pagesize of [512, 4096]) {
    test(`page size ${pagesize}, ours through a journal`, () =>
      seeded(pagesize + 3, (random) => {
        // Atomic, and yet a plain file that anyone may open: no gaps there either.
        takeTurns(random, pagesize, "flashtree", { journal: true })
      }))
  }

  test("a page left nearly empty by us is refilled by libdb1 without a crash (gaps in leaves)", () =>
    seeded(1015, (random) => {
      for (const pagesize of [512, 1024, 4096]) {
        const limit = inlineLimit(pagesize)
        for (let run = 0; run < 15; run++) {
          const path = freshPath()
          const model: Model = new Map()
          const put = (key: Uint8Array, length: number): Change => {
            const value = random.bytes(length)
            model.set(latin1(key), value)
            return { op: "put", key, value }
          }
          const changes: Change[] = []
          for (let i = 0; i < 60; i++) {
            const key = new Uint8Array([1, ...random.bytes(5)])
            changes.push(put(key, random.pick([4, limit >> 2, limit >> 1, limit - 10])))
          }
          const left = random.between(0, 2) * 4
          const keys = sortedKeys(model)
          for (const key of random.shuffle(keys).slice(left)) {
            model.delete(key)
            changes.push({ op: "delete", key: unlatin1(key) })
          }
          flashtreeTurn(path, { pagesize }, changes, random)
          // Larger records beside what is left, then the small ones go: a gap that we left would be in the way for good,
          // since 1.85 closes gaps only when it splits, and splits wrongly with fewer than two records (spec section 15).
          const refill: Change[] = []
          for (let i = 0; i < 40; i++) {
            const stored = sortedKeys(model)
            if (stored.length > 0 && random.chance(0.3)) {
              const key = random.pick(stored)
              model.delete(key)
              refill.push({ op: "delete", key: unlatin1(key) })
            } else {
              // Above all others, or beside one: never below the smallest (defect Q4).
              const beside =
                stored.length > 1 && random.chance(0.5) ? unlatin1(random.pick(stored.slice(1))) : [2]
              refill.push(
                put(
                  new Uint8Array([...beside.slice(0, 4), 255, ...random.bytes(2)]),
                  random.between(limit >> 1, limit - 8),
                ),
              )
            }
          }
          libdb1Turn(path, pagesize, 0, refill, random)
          verify(path, {}, model, `run ${run}, page size ${pagesize}`)
        }
      }
    }))
})

describe("what only we do leaves files that libdb1 reads", () => {
  for (const pagesize of [512, 1024, 4096]) {
    test(`deleteRange and clear, page size ${pagesize}`, () =>
      seeded(pagesize + 5, (random) => {
        const path = freshPath()
        const model: Model = new Map()
        for (let round = 0; round < 12; round++) {
          const writer = round % 3 === 2 ? "libdb1" : "flashtree"
          const changes = drawTurn(random, model, { pagesize, count: 100, phase: "grow", writer })
          if (writer === "libdb1") libdb1Turn(path, pagesize, 0, changes, random)
          else flashtreeTurn(path, { pagesize }, changes, random)
          const keys = sortedKeys(model)
          const from = random.between(0, keys.length - 1)
          const to = Math.min(keys.length - 1, from + random.pick([0, 1, 5, 50, 1000]))
          withTree(path, {}, (tree) => {
            if (round === 6) {
              tree.clear()
              model.clear()
              return
            }
            const start = unlatin1(keys[from] as string)
            const doomed = keys.slice(from, to)
            expect(tree.deleteRange(start, unlatin1(keys[to] as string))).toBe(doomed.length)
            for (const key of doomed) model.delete(key)
          })
          verify(path, {}, model, `round ${round}`)
        }
      }))
  }

  test("keys on overflow pages: libdb1 reads them, and deletes them rightly", () =>
    seeded(8, (random) => {
      for (const pagesize of [512, 1024]) {
        const path = freshPath()
        const model: Model = new Map()
        const limit = inlineLimit(pagesize)
        const prefix = random.bytes(limit)
        for (let round = 0; round < 8; round++) {
          const changes: Change[] = []
          const remove = (key: string) => {
            model.delete(key)
            changes.push({ op: "delete", key: unlatin1(key) })
          }
          if (round % 2 === 0) {
            for (let i = 0; i < 150; i++) {
              if (model.size > 0 && random.chance(0.2)) remove(random.pick([...model.keys()]))
              // Separators on overflow pages too: keys that differ only beyond the limit.
              const from = random.pick([0, prefix.length, random.between(0, prefix.length)])
              const tail = random.bytes(random.pick([3, 8, 3 * pagesize]))
              const key = new Uint8Array([...prefix.subarray(0, from), ...tail])
              const value = random.bytes(random.pick([0, 20, limit >> 1, 2 * pagesize]))
              model.set(latin1(key), value)
              changes.push({ op: "put", key, value })
            }
            flashtreeTurn(path, { pagesize }, changes, random)
          } else {
            // Deletes only: a put of libdb1's beside big keys may make a wrong separator (defects Q3 and Q5).
            const share = random.pick([0.3, 0.9, 1])
            for (const key of random.shuffle(sortedKeys(model))) if (random.chance(share)) remove(key)
            libdb1Turn(path, pagesize, 0, changes, random)
          }
          verify(path, {}, model, `round ${round}, page size ${pagesize}`)
        }
      }
    }))

  test("a file whose separators share the chains of their keys, as 1.85 makes them, is updated", () =>
    seeded(9, (random) => {
      for (let run = 0; run < 20; run++) {
        const path = freshPath()
        copyFileSync(join(FIXTURES, "fixed_bigkeys.db"), path)
        const model: Model = new Map(scanLibdb1(path).map(([key, value]) => [latin1(key), value]))
        expect(model.size).toBe(60)
        const changes: Change[] = []
        for (let i = random.between(1, 120); i > 0 && model.size > 0; i--) {
          const stored = random.pick([...model.keys()])
          if (random.chance(0.6)) {
            model.delete(stored)
            changes.push({ op: "delete", key: unlatin1(stored) })
          } else {
            const key = unlatin1(random.chance(0.5) ? stored : stored.slice(0, random.between(1, 400)))
            const value = random.bytes(random.pick([3, 100, 700]))
            model.set(latin1(key), value)
            changes.push({ op: "put", key, value })
          }
        }
        flashtreeTurn(path, {}, changes, random)
        verify(path, {}, model, `run ${run}`)
      }
    }))

  test("a ragged tail is ignored, and overwritten by the next page", () =>
    seeded(6, (random) => {
      const path = freshPath()
      const model: Model = new Map()
      for (const writer of ["libdb1", "flashtree", "libdb1", "flashtree"] as const) {
        const changes = drawTurn(random, model, { pagesize: 512, count: 100, phase: "grow", writer })
        if (writer === "libdb1") libdb1Turn(path, 512, 0, changes, random)
        else flashtreeTurn(path, { pagesize: 512 }, changes, random)
        appendFileSync(path, random.bytes(random.between(1, 511)))
        verify(path, {}, model, `${writer}, then a tail`)
      }
    }))

  test("sessions with different minkeypage", () =>
    seeded(7, (random) => {
      const path = freshPath()
      const model: Model = new Map()
      for (let round = 0; round < 12; round++) {
        const minkeypage = random.pick([0, 2, 3, 4, 8])
        const phase = random.pick(["grow", "mix", "shrink"] as const)
        const changes = drawTurn(random, model, { pagesize: 1024, count: 150, phase, writer: "flashtree" })
        flashtreeTurn(path, { pagesize: 1024, minkeypage }, changes, random)
        verify(path, {}, model, `round ${round}, minkeypage ${minkeypage}`)
      }
    }))
})

describe("the same calls, the same answers", () => {
  const CODES = [
    btree.R_FIRST,
    btree.R_LAST,
    btree.R_NEXT,
    btree.R_NEXT,
    btree.R_PREV,
    btree.R_PREV,
    btree.R_CURSOR,
  ]

  for (const duplicates of [false, true]) {
    test(`seq on ${duplicates ? "a file with duplicates" : "a file"} that does not change`, () =>
      seeded(duplicates ? 71 : 70, (random) => {
        for (const count of [0, 1, 2, 5, 300]) {
          const path = freshPath()
          const name = () => `k${random.between(0, duplicates ? count >> 3 : 2 * count)}`
          const fill: Operation[] = Array.from({ length: count }, () => ({
            op: "put",
            key: name(),
            value: random.bytes(random.between(0, 60)),
          }))
          fill.push({ op: "put", key: "zz", value: "" })
          if (count === 0) fill.push({ op: "delete", key: "zz" })
          mustRunLibdb1(path, { psize: 512, duplicates }, fill)
          const calls = Array.from({ length: 600 }, () => {
            const code = random.pick(CODES)
            return code === btree.R_CURSOR ? { code, key: random.chance(0.1) ? "zzz" : name() } : { code }
          })
          const theirs = mustRunLibdb1(
            path,
            { create: false, readonly: true },
            calls.map((call) => ({ op: "seq", ...call })),
          )
          withTree(path, { readonly: true }, (tree) => {
            calls.forEach(({ code, key }, index) => {
              const ours = key === undefined ? tree.seq(code) : tree.seq(code, key)
              const [record] = theirs[index]?.records ?? []
              const show = (pair: DbRecord | undefined) =>
                pair === undefined ? "none" : pair.map(hex).join(" ")
              expect(show(ours), `${count} records, call ${index}: seq(${code}, ${key})`).toBe(show(record))
            })
          })
        }
      }))
  }

  test("put with R_NOOVERWRITE and delete", () =>
    seeded(72, (random) => {
      const path = freshPath()
      const calls: Operation[] = Array.from({ length: 500 }, () => {
        const key = `k${random.between(0, 99)}`
        return random.chance(0.4)
          ? { op: "delete", key }
          : { op: "put", key, value: random.bytes(random.between(0, 20)), flags: btree.R_NOOVERWRITE }
      })
      // A record below all others keeps libdb1 from defect Q4.
      calls.unshift({ op: "put", key: "a", value: "" })
      const theirs = mustRunLibdb1(path, { psize: 512 }, calls)
      const ours = freshPath()
      withTree(ours, { pagesize: 512 }, (tree) => {
        calls.forEach((call, index) => {
          let done = false
          if (call.op === "put") done = tree.put(call.key, call.value, call.flags ?? 0)
          else if (call.op === "delete") done = tree.delete(call.key)
          expect(done ? 0 : 1, `call ${index}`).toBe(theirs[index]?.rc)
        })
      })
      expectRecords(scanLibdb1(ours), scanLibdb1(path), "the same calls")
    }))
})

describe("duplicates", () => {
  /** Keys in order, equal ones in the order of insertion. */
  function fill(tree: BTree, random: Random, count: number): DbRecord[] {
    const model = new Map<string, Uint8Array[]>()
    for (let i = 0; i < count; i++) {
      const key = new TextEncoder().encode(`k${random.between(0, 30)}`)
      const text = latin1(key)
      if (random.chance(0.08)) {
        expect(tree.delete(key)).toBe(model.has(text))
        model.delete(text)
      } else if (random.chance(0.15) && model.has(text)) {
        // One of the equals, by cursor.
        const equals = model.get(text) as Uint8Array[]
        const index = random.between(0, equals.length - 1)
        const cursor = tree.cursor()
        expect(cursor.seek(key)).toBe(true)
        for (let step = 0; step < index; step++) expect(cursor.next()).toBe(true)
        expect(hex(cursor.value())).toBe(hex(equals[index] as Uint8Array))
        expect(cursor.delete()).toBe(true)
        cursor.close()
        equals.splice(index, 1)
        if (equals.length === 0) model.delete(text)
      } else {
        const large = random.chance(0.05)
        const value = random.bytes(large ? random.between(300, 1500) : random.between(0, 60))
        tree.put(key, value)
        model.set(text, [...(model.get(text) ?? []), value])
      }
    }
    return sortedKeys(model as unknown as Model).flatMap((key) =>
      (model.get(key) as Uint8Array[]).map((value): DbRecord => [unlatin1(key), value]),
    )
  }

  for (const pagesize of [512, 1024, 4096]) {
    test(`ours with deletes are read by libdb1, page size ${pagesize}`, () =>
      seeded(pagesize + 77, (random) => {
        for (let run = 0; run < 5; run++) {
          const path = freshPath()
          const expected = withTree(path, { pagesize, duplicates: true }, (tree) => {
            const records = fill(tree, random, 1000)
            expectRecords(scan(tree), records, "flashtree before close")
            return records
          })
          withTree(path, { readonly: true }, (tree) => {
            expect(tree.check()).toEqual([])
            expect(tree.stat().duplicates).toBe(true)
            expectRecords(scan(tree), expected, "flashtree")
          })
          expectRecords(scanLibdb1(path), expected, "libdb1")
          expectRecords(scanLibdb1(path, "descending").reverse(), expected, "libdb1 backward")
          expect(dumpLibdb1(path).header).toContain("duplicates=1")
        }
      }))

    test(`theirs are read by us, page size ${pagesize}`, () =>
      seeded(pagesize + 78, (random) => {
        const path = freshPath()
        const operations: Operation[] = []
        for (let i = 0; i < 800; i++) {
          operations.push({
            op: "put",
            key: `k${random.between(0, 40)}`,
            value: random.bytes(random.between(0, 60)),
          })
        }
        mustRunLibdb1(path, { psize: pagesize, duplicates: true }, operations)
        const theirs = scanLibdb1(path)
        expect(theirs.length).toBe(800)
        withTree(path, { readonly: true }, (tree) => {
          expect(tree.check()).toEqual([])
          expectRecords(scan(tree), theirs, "flashtree")
          const cursor = tree.cursor()
          for (const [key] of theirs) {
            // The first of the equals.
            expect(cursor.seek(key)).toBe(true)
            const first = theirs.find(([other]) => compareBytes(other, key) === 0) as DbRecord
            expect(hex(cursor.value())).toBe(hex(first[1]))
          }
          cursor.close()
        })
      }))
  }
})

describe("opposite byte order", () => {
  for (const pagesize of [512, 1024, 4096, 65536]) {
    // Big data only behind keys of four bytes: 1.85 converts the reference of no others (defect Q12).
    const draw = (random: Random): Change[] => {
      const limit = inlineLimit(pagesize)
      const changes: Change[] = []
      const keys: Uint8Array[] = []
      for (let i = 0; i < 400; i++) {
        if (keys.length > 0 && random.chance(0.2)) {
          changes.push({
            op: "delete",
            key: keys.splice(random.between(0, keys.length - 1), 1)[0] as Uint8Array,
          })
          continue
        }
        const big = random.chance(0.1)
        const key = random.bytes(big ? 4 : random.pick([3, 4, 5, 16, 40]))
        const room = limit - 1 - key.length
        const length = big ? random.between(limit, 3 * pagesize) : random.between(0, Math.min(room, 80))
        keys.push(key)
        changes.push({ op: "put", key, value: random.bytes(length) })
      }
      // libdb1 must not put below the smallest after a delete (defect Q4): deletes come last.
      return [...changes.filter(({ op }) => op === "put"), ...changes.filter(({ op }) => op === "delete")]
    }
    const modelOf = (changes: Change[]): Model => {
      const model: Model = new Map()
      for (const change of changes) {
        if (change.op === "put") model.set(latin1(change.key), change.value)
        else model.delete(latin1(change.key))
      }
      return model
    }

    test(`ours, read by libdb1, page size ${pagesize}`, () =>
      seeded(pagesize + 4321, (random) => {
        const path = freshPath()
        const changes = draw(random)
        flashtreeTurn(path, { pagesize, lorder: 4321 }, changes, random)
        expect(hex(new Uint8Array(readFileSync(path).subarray(0, 4)))).toBe("00053162")
        verify(path, {}, modelOf(changes), "flashtree")
      }))

    test(`theirs, read and updated by us, page size ${pagesize}`, () =>
      seeded(pagesize + 4322, (random) => {
        const path = freshPath()
        const changes = draw(random)
        libdb1Turn(path, pagesize, 4321, changes, random)
        const model = modelOf(changes)
        verify(path, {}, model, "libdb1")
        const more = draw(random)
        for (const change of more) {
          if (change.op === "put") model.set(latin1(change.key), change.value)
          else model.delete(latin1(change.key))
        }
        flashtreeTurn(path, {}, more, random)
        verify(path, {}, model, "libdb1, then flashtree")
      }))
  }
})

describe("page checks", () => {
  const pageFlags = (path: string, pagesize: number): number[] => {
    const image = readFileSync(path)
    const flags: number[] = []
    for (let at = pagesize; at < image.length; at += pagesize) flags.push(image.readUInt32LE(at + 12))
    return flags
  }

  for (const pagesize of [512, 1024, 4096]) {
    test(`a file with page checks is read and updated by libdb1, page size ${pagesize}`, () =>
      seeded(pagesize + 17, (random) => {
        const path = freshPath()
        const model: Model = new Map()
        const turn = { pagesize, count: 300 }
        const first = drawTurn(random, model, { ...turn, phase: "grow", writer: "flashtree" })
        flashtreeTurn(path, { pagesize, checksums: true }, first, random)
        const flags = pageFlags(path, pagesize)
        expect(flags.filter((word) => word >>> 8 !== 0).length, "pages with a check").toBeGreaterThan(
          flags.length / 2,
        )
        // 0: a free page.
        for (const word of flags) expect([0, 1, 2, 4]).toContain(word & 0x1f)
        verify(path, { checksums: true }, model, "with checks")

        // libdb1 keeps the bits of pages it changes, so their check no longer fits.
        const second = drawTurn(random, model, { ...turn, phase: "mix", writer: "libdb1" })
        libdb1Turn(path, pagesize, 0, second, random)
        const expected = sortedRecords(model)
        expectRecords(scanLibdb1(path), expected, "updated by libdb1, read by it")
        let code: string | undefined
        try {
          withTree(path, { checksums: true, readonly: true }, (tree) => {
            if (tree.check().length > 0) code = "findings"
            scan(tree)
          })
        } catch (error) {
          if (!isFlashtreeError(error)) throw error
          code = error.code
        }
        expect(["ECORRUPT", "findings"], "pages changed without their check").toContain(code)
        withTree(path, { checksums: "adopt" }, (tree) => expectRecords(scan(tree), expected, "adopted"))

        const third = drawTurn(random, model, { ...turn, phase: "shrink", writer: "flashtree" })
        flashtreeTurn(path, { checksums: "adopt" }, third, random)
        expectRecords(scanLibdb1(path), sortedRecords(model), "adopted and updated, read by libdb1")
        withTree(path, { checksums: "adopt", readonly: true }, (tree) => {
          expectRecords(scan(tree), sortedRecords(model), "adopted and updated")
        })
      }))
  }
})
