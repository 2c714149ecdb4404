/**
 * The flash workloads W1 to W5 on a simulated chip, counted. Plain JS that is given the engine it runs on, so that the
 * benchmark runs what is built and the tests run the sources. Keys, values, seeds and order are those under which the
 * figures of other stores were taken (flash-peers.mjs). Nothing here depends on the host's speed.
 */
const BLOCK_LENGTH = 4096
const CONFIG_KEYS = 200
const LOG_RECORDS = 20_000
const LOG_KEPT = 2_000
const RECORDS_BEFORE = 8_000
const RANGE_KEPT = 2_048
const RANGE_DROPPED = 64
const LOOKUP_KEYS = 2_000

/** Gives xorshift32: each call a number from 1 to 2^32 - 1. */
export function xorshift(seed) {
  let state = seed
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}

function mix(hash) {
  let h = hash ^ (hash >>> 16)
  h = Math.imul(h, 0x7feb352d)
  h ^= h >>> 15
  h = Math.imul(h, 0x846ca68b)
  return (h ^ (h >>> 16)) >>> 0
}

/** Gives `length` bytes that depend on the key's number and the version. */
export function valueBytes(length, number, version) {
  const value = new Uint8Array(length)
  let h = mix((Math.imul(number, 2654435761) + Math.imul(version, 40503) + 1) >>> 0)
  for (let i = 0; i < length; i++) {
    if (i % 4 === 0) h = mix((h + i) >>> 0)
    value[i] = h >>> (8 * (i % 4))
  }
  return value
}

/** Gives the key of a setting, 16 bytes. */
export function configKey(number) {
  return `cfg/item/${String(number).padStart(7, "0")}`
}

/** Gives the key of a log record, 8 bytes, ascending. */
export function recordKey(number) {
  const key = new Uint8Array(8)
  new DataView(key.buffer).setUint32(4, 1_000_000 + number)
  return key
}

/** A volume with a database in it on a chip of its own, and what its operations cost. */
export class Session {
  constructor(parts, setup) {
    this.parts = parts
    this.setup = { pagesize: 512, writeAlign: 1, cachesize: 4096, ...setup }
    const { size, writeAlign } = this.setup
    this.device = new parts.SimulatedFlash({ size, blockLength: BLOCK_LENGTH, writeAlign, ...setup.chip })
    this.open()
    this.beginCounting()
  }

  open() {
    const { pagesize, cachesize, volume } = this.setup
    this.volume = this.parts.flash.open(this.device, { pagesize, ...volume })
    this.db = this.parts.btree.open(this.volume, { pagesize, cachesize })
  }

  /** Drops everything in memory and opens again; gives what that read. */
  reopen() {
    this.device = this.device.reboot()
    return this.costOf(() => this.open())
  }

  beginCounting() {
    this.start = { ...this.device.counters }
    this.erasesAtStart = Array.from(this.device.eraseCounts)
    this.times = []
    this.operationErasesMax = 0
  }

  /** Runs `action` and gives what it did to the chip. */
  costOf(action) {
    const before = { ...this.device.counters }
    action()
    return difference(this.device.counters, before)
  }

  /** Runs one operation of the workload. */
  operation(action) {
    const { erases, microseconds } = this.costOf(action)
    this.times.push(microseconds)
    if (erases > this.operationErasesMax) this.operationErasesMax = erases
  }

  /** What an operation has cost since beginCounting(). */
  writeFigures() {
    const count = this.times.length
    const { programBytes, programCalls, erases, readBytes, readCalls, microseconds } = difference(
      this.device.counters,
      this.start,
    )
    const wear = Array.from(this.device.eraseCounts, (erased, block) => erased - this.erasesAtStart[block])
    const sorted = this.times.toSorted((a, b) => a - b)
    return {
      operations: count,
      programBytes: programBytes / count,
      programCalls: programCalls / count,
      erasesPerThousand: (1000 * erases) / count,
      operationErasesMax: this.operationErasesMax,
      wearMax: Math.max(...wear),
      wearMean: wear.reduce((sum, erased) => sum + erased, 0) / wear.length,
      wearMin: Math.min(...wear),
      readBytes: readBytes / count,
      readCalls: readCalls / count,
      microseconds: microseconds / count,
      p99: sorted[Math.ceil(count * 0.99) - 1],
      worst: sorted[count - 1],
    }
  }

  /** What an operation that only reads has cost since beginCounting(). */
  readFigures() {
    const { readBytes, readCalls, microseconds, p99 } = this.writeFigures()
    return { readBytes, readCalls, microseconds, p99 }
  }

  /** Bytes of memory of the volume: its map as it reports it, and all its buffers together with that. */
  memory() {
    return { mapBytes: this.volume.status().mapBytes, volumeBytes: bufferBytes(this.volume) }
  }

  /** Throws unless the value of `key` is `expected` (undefined: none). */
  expectValue(key, expected) {
    const found = this.db.get(key)
    if (!sameBytes(found, expected)) throw new Error(`${key} has value ${found}, not ${expected}`)
  }

  /** Throws unless the database and the volume are sound. */
  expectSound() {
    const findings = [...this.db.check(), ...this.volume.check()]
    if (findings.length > 0) throw new Error(`unsound: ${JSON.stringify(findings)}`)
  }

  /** Reads everything back, opens again, reads everything back again; gives the cost of the opening. */
  verify(readAll) {
    readAll()
    const opening = this.reopen()
    readAll()
    this.expectSound()
    return opening
  }
}

function difference(after, before) {
  const result = {}
  for (const name of Object.keys(before)) result[name] = after[name] - before[name]
  return result
}

function sameBytes(found, expected) {
  if (found === undefined || expected === undefined) return found === expected
  return found.length === expected.length && found.every((byte, i) => byte === expected[i])
}

/** Gives the bytes of every buffer that the volume holds by itself, each counted once. */
function bufferBytes(volume) {
  const buffers = new Set()
  const visit = (owner, depth) => {
    for (const [name, value] of Object.entries(owner)) {
      if (name === "_device" || value === null || typeof value !== "object") continue
      if (ArrayBuffer.isView(value)) buffers.add(value.buffer)
      else if (depth > 0) visit(value, depth - 1)
    }
  }
  visit(volume, 1)
  return [...buffers].reduce((sum, buffer) => sum + buffer.byteLength, 0)
}

/** W1: durable updates of 200 settings of 32 bytes; with `hot` all of one of them. */
export function runUpdates(parts, setup, { hot = false, updates = 10_000, onProgress } = {}) {
  const session = new Session(parts, setup)
  const versions = new Array(CONFIG_KEYS).fill(0)
  const store = (number) => {
    session.db.set(configKey(number), valueBytes(32, number, versions[number]))
    session.db.flush()
  }
  for (let number = 0; number < CONFIG_KEYS; number++) store(number)
  session.beginCounting()
  const random = xorshift(12345)
  for (let done = 0; done < updates; done++) {
    const number = hot ? 7 : random() % CONFIG_KEYS
    versions[number]++
    session.operation(() => store(number))
    if (done % 1000 === 0) onProgress?.(done, updates)
  }
  const write = session.writeFigures()
  const memory = session.memory()
  const readAll = () => {
    for (let number = 0; number < CONFIG_KEYS; number++)
      session.expectValue(configKey(number), valueBytes(32, number, versions[number]))
  }
  const open = session.verify(readAll)
  session.beginCounting()
  for (let i = 0; i < 1000; i++) {
    const number = random() % CONFIG_KEYS
    session.operation(() => session.expectValue(configKey(number), valueBytes(32, number, versions[number])))
  }
  return { write, open, get: session.readFigures(), memory, depth: session.db.stat().depth, session }
}

/**
 * W2: a log. Every `every`-th record is made durable. `retention`: "each" deletes the record 2,000 before with every
 * append, "range" the oldest 64 whenever 2,112 are held, "none" nothing.
 */
export function runLog(
  parts,
  setup,
  { every = 1, retention = "each", records = LOG_RECORDS, onProgress } = {},
) {
  const session = new Session(parts, setup)
  let first = 0
  const append = (number) => {
    session.db.set(recordKey(number), valueBytes(24, number, 0))
    if (retention === "each" && number >= LOG_KEPT) {
      if (!session.db.delete(recordKey(number - LOG_KEPT))) throw new Error(`${number - LOG_KEPT} is gone`)
      first = number - LOG_KEPT + 1
    }
    if (retention === "range" && number + 1 - first === RANGE_KEPT + RANGE_DROPPED) {
      const dropped = session.db.deleteRange(undefined, recordKey(first + RANGE_DROPPED))
      if (dropped !== RANGE_DROPPED) throw new Error(`${dropped} records dropped`)
      first += RANGE_DROPPED
    }
    if ((number + 1) % every === 0) session.db.flush()
  }
  for (let number = 0; number < records; number++) {
    session.operation(() => append(number))
    if (number % 1000 === 0) onProgress?.(number, records)
  }
  session.db.flush()
  const write = session.writeFigures()
  const memory = session.memory()
  const readAll = () => {
    let number = first
    session.db.forEach((cursor) => {
      if (
        !sameBytes(cursor.key(), recordKey(number)) ||
        !sameBytes(cursor.value(), valueBytes(24, number, 0))
      )
        throw new Error(`record ${number} is not what was appended`)
      number++
    })
    if (number !== records) throw new Error(`the log ends before record ${number}, not ${records}`)
  }
  const open = session.verify(readAll)
  return { write, open, memory, retained: records - first, depth: session.db.stat().depth, session }
}

/** A log on a chip of its own, and what its operations cost. */
export class LogSession extends Session {
  open() {
    this.log = this.parts.log.open(this.device, this.setup.log)
  }

  memory() {
    return { mapBytes: 0, volumeBytes: bufferBytes(this.log) }
  }

  expectSound() {
    const findings = this.log.check()
    if (findings.length > 0) throw new Error(`unsound: ${JSON.stringify(findings)}`)
  }
}

/**
 * W2 on a log without a tree: records of 32 bytes, the oldest dropped by the log. `times`: each with a time, a second later than the
 * one before. Counted after 8,000 records, by when all of 256 KiB has been erased.
 */
export function runRecords(
  parts,
  setup,
  { every = 1, records = LOG_RECORDS, times = false, onProgress } = {},
) {
  const session = new LogSession(parts, setup)
  const time = times ? (number) => 1.7e12 + 1000 * number : () => undefined
  const append = (number) => {
    const given = session.log.append(valueBytes(32, number, 0), time(number))
    if (given !== number) throw new Error(`record ${number} got the number ${given}`)
    if (number % every === 0) session.log.flush()
  }
  const last = RECORDS_BEFORE + records
  for (let number = 1; number <= RECORDS_BEFORE; number++) append(number)
  session.beginCounting()
  for (let number = RECORDS_BEFORE + 1; number <= last; number++) {
    session.operation(() => append(number))
    if (number % 1000 === 0) onProgress?.(number - RECORDS_BEFORE, records)
  }
  session.log.flush()
  const write = session.writeFigures()
  const memory = session.memory()
  const readAll = () => {
    let number = session.log.first
    session.log.since(0, (record, found, at) => {
      if (found !== number || at !== time(number) || !sameBytes(record, valueBytes(32, number, 0)))
        throw new Error(`record ${number} is not what was appended`)
      number++
    })
    if (number !== last + 1) throw new Error(`the log ends before record ${number}, not ${last + 1}`)
  }
  const open = session.verify(readAll)
  return { write, open, memory, retained: session.log.count, session }
}

/** W3, W4 and W5: 2,000 keys loaded with a flush every 16, opened anew; gets, gets of absent keys, scans of 100. */
export function runLookups(parts, setup, { every = 16, gets = 10_000, onProgress } = {}) {
  const session = new Session(parts, setup)
  for (let number = 0; number < LOOKUP_KEYS; number++) {
    session.operation(() => {
      session.db.set(configKey(number), valueBytes(32, number, 0))
      if ((number + 1) % every === 0) session.db.flush()
    })
  }
  const write = session.writeFigures()
  const memory = session.memory()
  const open = session.reopen()
  const random = xorshift(777)
  session.beginCounting()
  for (let done = 0; done < gets; done++) {
    const number = random() % LOOKUP_KEYS
    session.operation(() => session.expectValue(configKey(number), valueBytes(32, number, 0)))
    if (done % 1000 === 0) onProgress?.(done, gets)
  }
  const get = session.readFigures()
  session.beginCounting()
  for (let i = 0; i < 1000; i++)
    session.operation(() => session.expectValue(configKey(LOOKUP_KEYS + i), undefined))
  const absent = session.readFigures()
  session.beginCounting()
  for (let i = 0; i < 100; i++) session.operation(() => scan(session, random() % (LOOKUP_KEYS - 99)))
  const scanned = session.readFigures()
  const { depth } = session.db.stat()
  session.verify(() => {
    for (let number = 0; number < LOOKUP_KEYS; number++)
      session.expectValue(configKey(number), valueBytes(32, number, 0))
  })
  return { write, open, get, absent, scan: scanned, memory, depth, session }
}

/** Visits 100 records from `start` on, and throws unless they are those that were loaded. */
function scan(session, start) {
  const cursor = session.db.cursor()
  let number = start
  for (let more = cursor.seek(configKey(start)); more && number < start + 100; more = cursor.next()) {
    if (!sameBytes(cursor.value(), valueBytes(32, number, 0))) throw new Error(`${number} has another value`)
    number++
  }
  cursor.close()
  if (number !== start + 100) throw new Error(`${number - start} records from ${start} on`)
}

const KIB = 1024

/** The workloads by name: the partitions they make sense on, and how one is run. */
export const WORKLOADS = {
  W1: { sizes: [64 * KIB, 128 * KIB, 256 * KIB], run: runUpdates, options: {} },
  "W1-hot": { sizes: [64 * KIB, 128 * KIB, 256 * KIB], run: runUpdates, options: { hot: true } },
  W2: { sizes: [256 * KIB], run: runLog, options: {} },
  "W2-16": { sizes: [256 * KIB], run: runLog, options: { every: 16 } },
  W2r: { sizes: [256 * KIB], run: runLog, options: { retention: "range" } },
  "W2-append": { sizes: [256 * KIB], run: runLog, options: { retention: "none", records: 2_000 } },
  W3: { sizes: [256 * KIB], run: runLookups, options: {} },
  log: { sizes: [256 * KIB], run: runRecords, options: {} },
  "log-16": { sizes: [256 * KIB], run: runRecords, options: { every: 16 } },
  "log-time": { sizes: [256 * KIB], run: runRecords, options: { times: true } },
}

/** Runs a workload by name: `setup` is { size, pagesize, writeAlign, cachesize }, `options` go over those of the workload. */
export function runWorkload(parts, name, setup, options) {
  const { run, options: own } = WORKLOADS[name]
  return run(parts, setup, { ...own, ...options })
}
