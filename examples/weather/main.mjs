/**
 * A year of hourly weather in one file: load it, query a day, correct a week, drop a month, reopen, check.
 * Every number printed is counted in this run. Usage: npm run demo:file [-- FILE]
 */
import { mkdtempSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { btree } from "flashtree"
import { FileStream } from "flashtree/node"
import { keyOf, pack, readWeather, timeOf, unpack } from "./records.mjs"

const PAGESIZE = 512
const CACHESIZE = 4096
const directory = process.argv[2] === undefined ? mkdtempSync(join(tmpdir(), "flashtree-")) : undefined
const path = process.argv[2] ?? join(directory, "weather.db")

const rows = []
let before = { misses: 0, pageWrites: 0, bytesWritten: 0 }

function counters(db) {
  const { misses, pageWrites, bytesWritten } = db.cache
  return { misses, pageWrites, bytesWritten }
}

/** Notes what a step did: records, and what it cost the file since the step before. `detail` may read on; that is not counted. */
function note(step, db, records, detail) {
  const { misses, pageWrites, bytesWritten } = counters(db)
  rows.push({
    step,
    records,
    "page reads": misses - before.misses,
    "page writes": pageWrites - before.pageWrites,
    "bytes written": bytesWritten - before.bytesWritten,
    "file KiB": statSync(path).size / 1024,
    detail: detail(),
  })
  before = counters(db)
}

function day(text) {
  return Date.parse(`${text}T00:00:00Z`) / 1000
}

function run() {
  const weather = readWeather()
  const stream = new FileStream(path)
  if (stream.size() > 0) throw new Error(`${path} is not empty: give the name of a new file`)
  let db = btree.open(stream, { pagesize: PAGESIZE, cachesize: CACHESIZE })

  for (let i = 0; i < weather.length; i++) {
    db.set(keyOf(weather[i].time), pack(weather[i]))
    if (i % 24 === 23) db.flush()
  }
  db.flush()
  note("load, a flush a day", db, weather.length, () => `depth ${db.stat().depth}`)

  const temperatures = []
  for (const [, value] of db.items(keyOf(day("2010-07-04")), keyOf(day("2010-07-05")))) {
    temperatures.push(unpack(value).temperature)
  }
  note(
    "query 4 July",
    db,
    temperatures.length,
    () => `${Math.min(...temperatures)} to ${Math.max(...temperatures)} C`,
  )

  let corrected = 0
  for (const key of db.keys(keyOf(day("2010-03-01")), keyOf(day("2010-03-08")))) {
    const hour = unpack(db.get(key))
    db.set(key, pack({ ...hour, temperature: hour.temperature + 0.5 }))
    corrected++
  }
  db.flush()
  note("correct a week", db, corrected, () => "values overwritten in place")

  const dropped = db.deleteRange(undefined, keyOf(day("2010-02-01")))
  db.flush()
  note("drop January", db, dropped, () => `${db.stat().freePages} pages free`)

  db.close()
  db = btree.open(stream, { cachesize: CACHESIZE })
  before = counters(db)
  const findings = db.check()
  const { entries, depth, leafPages, internalPages, pages } = db.stat()
  note("reopen, check, count", db, entries, () =>
    findings.length === 0 ? "sound" : `${findings.length} findings`,
  )

  const first = db.cursor()
  if (!first.first() || timeOf(first.key()) !== day("2010-02-01"))
    throw new Error("the first hour is not 1 February")
  const march = unpack(db.get(keyOf(day("2010-03-01"))))
  const original = weather.find((hour) => hour.time === day("2010-03-01"))
  if (Math.abs(march.temperature - original.temperature - 0.5) > 1e-9)
    throw new Error("the correction is lost")
  if (findings.length > 0 || entries !== weather.length - dropped)
    throw new Error("the database is not what it should be")

  console.table(rows)
  console.log(
    `${path}: ${entries} records on ${leafPages} leaf and ${internalPages} internal pages of ${PAGESIZE} bytes,`,
  )
  console.log(`depth ${depth}, ${pages} pages in all; ${db.cache.frames} cache frames were enough.`)
  db.close()
  stream.close()
}

try {
  run()
} finally {
  if (directory !== undefined) rmSync(directory, { recursive: true })
}
