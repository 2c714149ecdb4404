/**
 * What the flash volume with a database on it costs on a simulated NOR chip, beside the stores of flash-peers.mjs.
 * Everything is counted or modelled, nothing is timed: every run on every machine prints the same.
 *
 *   npm run bench:flash
 *
 * Keys, values and order are those of workloads.mjs; the database's cache is 4 KiB, a put and what goes with it is one
 * flush. Times are those of model A ("W25Q32JV"). Each workload reads everything back, opens again, reads it again.
 */
import { btree, flash, log } from "flashtree"
import { SimulatedFlash } from "flashtree/node"
import { W1_PEERS, W2_PEERS, W3_PEERS } from "./flash-peers.mjs"
import { runWorkload, WORKLOADS } from "./workloads.mjs"

const PARTS = { btree, flash, log, SimulatedFlash }
const KIB = 1024
const PAGE_SIZES = [512, 1024, 2048]
const WIDE = 48

function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}

/** Runs a workload; gives undefined when the partition is too small for it with these pages. */
function run(name, size, pagesize, writeAlign) {
  const pages = pagesize === undefined ? "" : `, page ${pagesize}`
  const label = `${name}, ${size / KIB} K${pages}${writeAlign > 1 ? `, align ${writeAlign}` : ""}`
  const onProgress = (done, total) => progress(`${label}: ${Math.floor((100 * done) / total)} %`)
  try {
    const setup = { size, writeAlign, ...(pagesize === undefined ? {} : { pagesize }) }
    return { label, ...runWorkload(PARTS, name, setup, { onProgress }) }
  } catch (error) {
    if (error.code !== "ENOSPC") throw error
    return { label, full: true }
  } finally {
    progress("")
  }
}

function runAll(names) {
  return names.flatMap((name) =>
    WORKLOADS[name].sizes.flatMap((size) =>
      PAGE_SIZES.flatMap((pagesize) => {
        const aligned = name === "W1" && pagesize === 512 ? [1, 16, 32] : [1]
        return aligned.map((writeAlign) => run(name, size, pagesize, writeAlign))
      }),
    ),
  )
}

function show(cell, index) {
  if (index === 0) return cell.padEnd(WIDE)
  const text = typeof cell === "number" ? (cell % 1 === 0 ? String(cell) : cell.toFixed(1)) : cell
  return text.padStart(14)
}

function table(title, head, rows) {
  console.log(`\n${title}`)
  for (const cells of [head, ...rows]) console.log(cells.map(show).join("").trimEnd())
}

function wear({ wearMax, wearMean }) {
  return `${wearMax} / ${wearMean.toFixed(1)}`
}

function writeRow({ label, full, write, memory }) {
  if (full) return [label, "too small"]
  return [
    label,
    write.programBytes,
    write.programCalls,
    write.erasesPerThousand,
    wear(write),
    write.readBytes,
    write.readCalls,
    Math.round(write.microseconds),
    Math.round(write.p99),
    memory.volumeBytes,
  ]
}

const WRITE_HEAD = [
  "an operation",
  "bytes",
  "programs",
  "erases/1,000",
  "wear max/mean",
  "bytes read",
  "reads",
  "us",
  "p99 us",
  "RAM",
]

function readRow({ label, full, get, absent, scan, open }) {
  if (full) return [label, "too small"]
  return [
    label,
    Math.round(get.microseconds),
    get.readBytes,
    get.readCalls,
    absent ? Math.round(absent.microseconds) : "",
    scan ? Math.round(scan.microseconds) : "",
    Math.round(open.microseconds),
    open.readBytes,
    open.readCalls,
  ]
}

const READ_HEAD = [
  "a get",
  "us",
  "bytes read",
  "reads",
  "absent us",
  "scan 100 us",
  "open us",
  "open bytes",
  "open reads",
]

const updates = runAll(["W1", "W1-hot"])
table("W1: a durable update of one of 200 settings; W1-hot: of one and the same", WRITE_HEAD, [
  ...updates.map(writeRow),
])
table(
  "W1, other stores",
  ["an operation", "partition", "bytes", "erases/1,000", "wear max/mean", "us", "p99 us", "RAM"],
  W1_PEERS,
)

const logs = runAll(["W2", "W2-16", "W2r", "W2-append"])
table("W2: append one, delete the oldest of 2,000 (-16: a flush every 16; r: by ranges of 64)", WRITE_HEAD, [
  ...logs.map(writeRow),
])
const records = ["log", "log-16", "log-time"].flatMap((name) =>
  WORKLOADS[name].sizes.flatMap((size) =>
    [1, 16].map((writeAlign) => run(name, size, undefined, writeAlign)),
  ),
)
table(
  "W2 on a log without a tree (-16: a flush every 16; -time: each with a time), once all blocks have been erased",
  WRITE_HEAD,
  records.map(writeRow),
)
table(
  "W2, other stores",
  ["an operation", "bytes", "erases/1,000", "us", "bytes, 16", "erases, 16"],
  W2_PEERS,
)

const lookups = runAll(["W3"])
table("W3, W4, W5: 2,000 keys, just opened (W1: 200 keys after 10,000 updates)", READ_HEAD, [
  ...lookups.map(readRow),
  ...updates.map(readRow),
])
table("W3, other stores", READ_HEAD.slice(0, -1), W3_PEERS)
console.log(`
RAM is the volume's; the database's cache of 4 KiB comes on top. That of the other stores is all their heap.
The chip is blank at first, so the first turn through the partition needs no erases: in the long run there are about
bytes / 4.05 of them in 1,000 operations.`)
