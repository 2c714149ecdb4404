/**
 * The append-only tree beside btree, in one run, with the same keys and values: operations a second in memory, and what a durable put costs on a
 * simulated chip under a flash volume, which is counted and the same everywhere.
 *
 *   npm run bench:append                (10,000 keys, five rounds after one to warm up, medians)
 *   node test/bench/append.mjs KEYS ROUNDS
 *
 * Keys have 8 bytes, values 16; both trees have a cache that holds them, and a stream that need not grow. On the chip the append-only tree fills its volume, so there are two, of half the size of
 * btree's: when one is three quarters full the tree is compacted into the other, which is formatted for it, and the cost of that is counted in.
 */
import { cpus } from "node:os"
import { append, btree, flash, MemoryStream } from "flashtree"
import { SimulatedFlash } from "flashtree/node"

const KEYS = Number(process.argv[2] ?? 10_000)
const ROUNDS = Number(process.argv[3] ?? 5)
const BATCH = 1000
const SINGLE = Math.min(2000, KEYS)
const CACHE_ALL = 2 * 1024 * 1024
const RESERVE = 96 * 1024 * 1024
const CHIP = 512 * 1024
const CHIP_CACHE = 4096
const WARM_UP = 10_000
const COMMITS = 10_000
const FULL = 0.75
const clock = () => 1_700_000_000

const encoder = new TextEncoder()
const keyOf = (i) => encoder.encode(String((i * 7919) % 1_000_003).padStart(8, "0"))
const contentOf = (i) => encoder.encode(String(i).padStart(16, "0"))
const keys = Array.from({ length: KEYS }, (_, i) => keyOf(i))
const values = Array.from({ length: KEYS }, (_, i) => contentOf(i))

/** The two trees, with one commit behind each group of puts. */
function openAppend(stream, options) {
  const tree = append.open(stream, { clock, ...options })
  let txn
  return {
    tree,
    put: (key, value) => {
      if (txn === undefined) txn = tree.begin()
      txn.put(key, value)
    },
    commit: () => {
      txn.commit()
      txn = undefined
    },
  }
}

function openBtree(stream, options) {
  const tree = btree.open(stream, options)
  return { tree, put: (key, value) => tree.set(key, value), commit: () => tree.flush() }
}

function milliseconds(action) {
  const start = performance.now()
  action()
  return performance.now() - start
}

/** A stream that need not grow, so that only the trees are timed. */
function reserved() {
  const stream = new MemoryStream()
  stream.setSize(RESERVE)
  stream.setSize(0)
  return stream
}

/** Milliseconds a phase. */
function time(open, pagesize) {
  const loaded = open(reserved(), { pagesize, cachesize: CACHE_ALL })
  const times = {}
  let found = 0
  times["put, 1,000 a commit"] = milliseconds(() => {
    for (let i = 0; i < KEYS; i++) {
      loaded.put(keys[i], values[i])
      if (i % BATCH === BATCH - 1 || i === KEYS - 1) loaded.commit()
    }
  })
  times["put, one a commit"] = milliseconds(() => {
    for (let i = 0; i < SINGLE; i++) {
      loaded.put(keys[(i * 7) % KEYS], values[i])
      loaded.commit()
    }
  })
  const { tree } = loaded
  times.get = milliseconds(() => {
    for (let i = 0; i < KEYS; i++) if (tree.get(keys[(i * 31) % KEYS]) !== undefined) found++
  })
  const target = new Uint8Array(16)
  times["get into a buffer"] = milliseconds(() => {
    for (let i = 0; i < KEYS; i++) if (tree.getInto(keys[(i * 31) % KEYS], target) === 16) found++
  })
  times.scan = milliseconds(() => {
    const cursor = tree.cursor()
    for (let more = cursor.first(); more; more = cursor.next()) found++
  })
  if (found !== 3 * KEYS) throw new Error(`${found} records, not ${3 * KEYS}`)
  tree.close()
  return times
}

function median(list) {
  return [...list].sort((a, b) => a - b)[list.length >> 1]
}

function rate(count, time) {
  const thousands = count / time
  return thousands >= 100 ? `${Math.round(thousands)} k` : `${thousands.toFixed(1)} k`
}

function row(cells, width = 16) {
  console.log(cells.map((cell, i) => (i === 0 ? cell.padEnd(34) : cell.padStart(width))).join(""))
}

function rates() {
  console.log(`${cpus().length} x ${cpus()[0]?.model ?? "unknown"}, Node ${process.version}`)
  console.log(`${KEYS} keys of 8 bytes, values of 16, in memory; medians of ${ROUNDS} rounds`)
  row(["a second", "append", "btree", "append / btree"])
  for (const pagesize of [512, 4096]) {
    time(openAppend, pagesize)
    time(openBtree, pagesize)
    const rounds = Array.from({ length: ROUNDS }, () => [
      time(openAppend, pagesize),
      time(openBtree, pagesize),
    ])
    for (const phase of Object.keys(rounds[0][0])) {
      const [ours, other] = [0, 1].map((which) => median(rounds.map((round) => round[which][phase])))
      const operations = phase === "put, one a commit" ? SINGLE : KEYS
      row([
        `page ${pagesize}: ${phase}`,
        rate(operations, ours),
        rate(operations, other),
        (other / ours).toFixed(2),
      ])
    }
  }
}

/** Programs and erases of `COMMITS` durable overwrites of `records` keys, after as many that fill the chip; both chips together for the append-only tree. */
function count(name, chips, records, put) {
  for (let i = 0; i < records; i++) put(keyOf(i), contentOf(i))
  for (let i = 0; i < WARM_UP + COMMITS; i++) {
    if (i === WARM_UP) for (const chip of chips) chip.counters.reset()
    put(keyOf((i * 7) % records), contentOf(records + i))
  }
  const sum = { programBytes: 0, programCalls: 0, erases: 0 }
  for (const { counters } of chips) for (const what of Object.keys(sum)) sum[what] += counters[what]
  row([
    name,
    (sum.programBytes / COMMITS).toFixed(0),
    (sum.programCalls / COMMITS).toFixed(1),
    ((sum.erases * 1000) / COMMITS).toFixed(1),
  ])
}

function countAppend(pagesize, records) {
  const chips = [new SimulatedFlash({ size: CHIP / 2 }), new SimulatedFlash({ size: CHIP / 2 })]
  const options = { pagesize, clock, cachesize: CHIP_CACHE }
  let turn = 0
  let compactions = 0
  let volume = flash.open(chips[turn], { pagesize })
  let tree = append.open(volume, options)
  const put = (key, value) => {
    if (volume.size() > volume.status().capacity * FULL) {
      turn = 1 - turn
      const next = flash.open(chips[turn], { pagesize, format: "always" })
      tree.compact(next)
      volume.close()
      volume = next
      tree = append.open(volume, options)
      compactions++
    }
    tree.put(key, value)
  }
  count(`append, page ${pagesize}, ${records} keys`, chips, records, put)
  const { depth } = tree.stat()
  // What the format says, counted on a stream of its own.
  const memory = new MemoryStream()
  const twin = append.open(memory, options)
  for (let i = 0; i < records; i++) twin.put(keyOf(i), contentOf(i))
  const before = memory.size()
  for (let i = 0; i < 100; i++) twin.put(keyOf((i * 7) % records), contentOf(i))
  const pages = (memory.size() - before) / pagesize / 100
  console.log(`  ${depth} levels, ${pages} pages a commit (levels + 1), ${compactions} compactions`)
}

function countBtree(pagesize, records) {
  const chip = new SimulatedFlash({ size: CHIP })
  const tree = btree.open(flash.open(chip, { pagesize }), { pagesize, cachesize: CHIP_CACHE })
  count(`btree, page ${pagesize}, ${records} keys`, [chip], records, (key, value) => {
    tree.set(key, value)
    tree.flush()
  })
}

rates()
console.log(
  `\n${COMMITS} durable overwrites after ${WARM_UP}, a flash volume on a simulated chip of ${CHIP / 1024} KiB, cache of ${CHIP_CACHE} bytes; each put is one commit`,
)
row(["each commit", "bytes programmed", "programs", "erases per 1,000"], 18)
for (const pagesize of [512, 1024])
  for (const records of [100, 1000]) {
    countAppend(pagesize, records)
    countBtree(pagesize, records)
  }
