/**
 * Operations a second, flashtree beside the real Berkeley DB 1.85, in one run on one machine with the same keys.
 *
 *   npm run bench                       (10,000 keys, three rounds, medians)
 *   node test/bench/btree.mjs KEYS ROUNDS
 *
 * libdb1 is timed inside its own process by clock_gettime around each phase. On a file both have a cache of 64 KiB; in
 * memory flashtree has a MemoryStream and libdb1 its file in the system's page cache, both with a cache that holds
 * everything, so that no phase but the first transfers a page. `get` copies the value out in flashtree and points at it
 * in libdb1; `find` points at it in both. `put + flush` ends in fsync.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { cpus, tmpdir } from "node:os"
import { join } from "node:path"
import { btree, MemoryStream } from "flashtree"
import { FileStream } from "flashtree/node"
import { run } from "../support/libdb1/driver.mjs"

const KEYS = Number(process.argv[2] ?? 10_000)
const ROUNDS = Number(process.argv[3] ?? 3)
const SYNCED = Math.min(500, KEYS)
const CACHE_ALL = 64 * 1024 * 1024

const directory = mkdtempSync(join(tmpdir(), "flashtree-bench-"))

let state = 20261123
function random() {
  state = (state + 0x6d2b79f5) >>> 0
  let t = Math.imul(state ^ (state >>> 15), state | 1)
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
  return ((t ^ (t >>> 14)) >>> 0) / 0x100000000
}
const bytes = (length) => Uint8Array.from({ length }, () => random() * 256)
const shuffled = (list) => {
  const result = [...list]
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    const other = result[j]
    result[j] = result[i]
    result[i] = other
  }
  return result
}

const keys = Array.from({ length: KEYS }, () => bytes(16))
const lookups = shuffled(keys)
const updates = shuffled(keys).slice(0, SYNCED)
const value = bytes(32)
const other = bytes(32)

/** Seconds a phase, by libdb1. */
function libdb1(path, pagesize, cachesize, synced) {
  rmSync(path, { force: true })
  const time = { op: "time" }
  const { results, crashed } = run(
    [
      { op: "open", path, info: { create: true, psize: pagesize, cachesize } },
      time,
      ...keys.map((key) => ({ op: "put", key, value })),
      ...(synced ? [{ op: "sync" }] : []),
      time,
      ...lookups.map((key) => ({ op: "getQuietly", key })),
      time,
      { op: "scanQuietly" },
      time,
      ...(synced ? updates.flatMap((key) => [{ op: "put", key, value: other }, { op: "sync" }]) : []),
      time,
      { op: "close" },
    ],
    { seconds: 300 },
  )
  if (crashed) throw new Error(`libdb1 died: ${crashed.signal}`)
  if (results.some(({ rc }) => rc === -1)) throw new Error("libdb1 failed")
  const marks = results
    .filter((result) => result.nanoseconds !== undefined)
    .map((result) => result.nanoseconds / 1e9)
  return { put: marks[1], get: marks[2], find: marks[2], scan: marks[3], "put + flush": marks[4] }
}

function seconds(action) {
  const start = process.hrtime.bigint()
  action()
  return Number(process.hrtime.bigint() - start) / 1e9
}

/** Seconds a phase, by flashtree. */
function flashtree(stream, pagesize, cachesize, synced) {
  const tree = btree.open(stream, { pagesize, cachesize })
  const times = {}
  let found = 0
  times.put = seconds(() => {
    for (let i = 0; i < KEYS; i++) tree.set(keys[i], value)
    if (synced) tree.flush()
  })
  times.get = seconds(() => {
    for (let i = 0; i < KEYS; i++) if (tree.get(lookups[i]) !== undefined) found++
  })
  times.find = seconds(() => {
    for (let i = 0; i < KEYS; i++) if (tree.find(lookups[i])) found++
  })
  times.scan = seconds(() => {
    const cursor = tree.cursor()
    for (let more = cursor.first(); more; more = cursor.next()) found++
    cursor.close()
  })
  if (found !== 3 * KEYS) throw new Error(`flashtree gave ${found} records, not ${3 * KEYS}`)
  times["put + flush"] = seconds(() => {
    if (!synced) return
    for (const key of updates) {
      tree.set(key, other)
      tree.flush()
    }
  })
  tree.close()
  stream.close()
  return times
}

function onFile(pagesize, cachesize) {
  const path = join(directory, "flashtree.db")
  rmSync(path, { force: true })
  return flashtree(new FileStream(path, { create: true }), pagesize, cachesize, true)
}

function median(list) {
  const sorted = [...list].sort((a, b) => a - b)
  return sorted[sorted.length >> 1]
}

function rate(count, time) {
  const perSecond = count / time
  if (perSecond >= 1e6) return `${(perSecond / 1e6).toFixed(2)} M`
  return perSecond >= 1e4 ? `${(perSecond / 1e3).toFixed(0)} k` : `${(perSecond / 1e3).toFixed(2)} k`
}

const CASES = [512, 4096].flatMap((pagesize) => [
  {
    name: `file, page ${pagesize}, cache 64 KiB`,
    phases: ["put", "get", "find", "scan", "put + flush"],
    ours: () => onFile(pagesize, 65536),
    theirs: () => libdb1(join(directory, "libdb1.db"), pagesize, 65536, true),
  },
  {
    name: `all cached, page ${pagesize}`,
    phases: ["put", "get", "find", "scan"],
    ours: () => flashtree(new MemoryStream(), pagesize, CACHE_ALL, false),
    theirs: () => libdb1(join(directory, "libdb1.db"), pagesize, CACHE_ALL, false),
  },
])

try {
  console.log(
    `${KEYS} random 16-byte keys, 32-byte values; medians of ${ROUNDS} rounds after two to warm up; Node ${process.version}`,
  )
  console.log(`${cpus().length} x ${cpus()[0]?.model ?? "unknown"}\n`)
  const row = (cells) =>
    console.log(cells.map((cell, i) => (i === 0 ? cell.padEnd(46) : cell.padStart(12))).join(""))
  row(["per second", "flashtree", "libdb1", "ratio"])
  // Two rounds that do not count: until then Node still interprets a part of what it runs.
  for (let i = 0; i < 2; i++) for (const { ours } of CASES) ours()
  for (const { name, phases, ours, theirs } of CASES) {
    const rounds = Array.from({ length: ROUNDS }, () => ({ us: ours(), them: theirs() }))
    for (const phase of phases) {
      const us = median(rounds.map((round) => round.us[phase]))
      const them = median(rounds.map((round) => round.them[phase]))
      const count = phase === "put + flush" ? SYNCED : KEYS
      row([`${name}: ${phase}`, rate(count, us), rate(count, them), (them / us).toFixed(2)])
    }
  }
} finally {
  rmSync(directory, { recursive: true, force: true })
}
