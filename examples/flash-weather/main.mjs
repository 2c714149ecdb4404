/**
 * A year in the field, on a simulated 4 MiB chip: hourly weather goes into a log of 256 KiB, a hundred settings change
 * a day in 64 KiB beside it, each made durable at once, and the power fails again and again, in the middle of a
 * program or an erase. After every reboot everything that was durable has to be there. The same hours go into a log without a tree, on
 * a chip of its own that is cut as often: what that saves is in the table.
 * Usage: node examples/flash-weather/main.mjs [--seed N]. A seed always prints the same.
 */
import { parseArgs } from "node:util"
import { btree, flash, log } from "flashtree"
import { PowerCut, SimulatedFlash } from "flashtree/node"
import { keyOf, pack, readWeather } from "../weather/records.mjs"

const CHIP_SIZE = 4 * 1024 * 1024
const RANGES = { config: { firstBlock: 0, blockCount: 16 }, log: { firstBlock: 16, blockCount: 64 } }
const PAGESIZE = 512
const CACHESIZE = 4096
const SETTINGS = 100
const SETTINGS_A_DAY = 100
const CUTS_WANTED = 200
/** Programs and erases from one power cut to the next, at most; now and then the next one comes at once. */
const CUT_DISTANCE = 400
const CUT_DISTANCE_SHORT = 4
const ERASE_CYCLES = 100_000
const BLOCK_LENGTH = 4096

const { values: options } = parseArgs({ options: { seed: { type: "string", default: "4242" } } })
const random = xorshift(Number(options.seed))

function xorshift(seed) {
  let state = seed | 0 || 1
  return (limit) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % limit
  }
}

/** What the application has been promised: settings by name, and the hours [first, past) of the log. */
const promised = { settings: new Map(), first: 0, past: 0 }
const costs = { config: noCost(), log: noCost(), reopening: noCost() }
let device = new SimulatedFlash({ size: CHIP_SIZE })
let volumes = {}
let databases = {}
let cuts = 0

function noCost() {
  return { puts: 0, programBytes: 0, erases: 0, microseconds: 0, readBytes: 0 }
}

/** Runs `action` and adds what it did to the chip to `cost`, also when the power fails in it. */
function counted(cost, action) {
  const before = { ...device.counters }
  try {
    return action()
  } finally {
    for (const name of Object.keys(cost)) {
      if (name !== "puts") cost[name] += device.counters[name] - before[name]
    }
  }
}

function openAll() {
  volumes = {}
  databases = {}
  for (const [name, range] of Object.entries(RANGES)) {
    volumes[name] = flash.open(device, { ...range, pagesize: PAGESIZE })
    databases[name] = btree.open(volumes[name], { pagesize: PAGESIZE, cachesize: CACHESIZE })
  }
}

function planCut() {
  const distance = random(8) === 0 ? CUT_DISTANCE_SHORT : CUT_DISTANCE
  device.cutAfter(random(distance), ["clean", "torn", "bits"][random(3)])
}

function sameBytes(found, expected) {
  return found !== undefined && Buffer.compare(found, expected) === 0
}

/** Tells whether the settings on the chip are these. */
function holdsSettings(settings) {
  const cursor = databases.config.cursor()
  let count = 0
  for (let more = cursor.first(); more; more = cursor.next()) {
    const expected = settings.get(Buffer.from(cursor.key()).toString())
    if (expected === undefined || !sameBytes(cursor.value(), expected)) return false
    count++
  }
  return count === settings.size
}

/** Tells whether the log on the chip holds the hours [first, past) and nothing else. */
function holdsHours(weather, first, past) {
  const cursor = databases.log.cursor()
  let hour = first
  for (let more = cursor.first(); more; more = cursor.next()) {
    if (hour === past || !sameBytes(cursor.key(), keyOf(weather[hour].time))) return false
    if (!sameBytes(cursor.value(), pack(weather[hour]))) return false
    hour++
  }
  return hour === past
}

/**
 * Does one change that ends in a flush. When the power fails in it: reboots, opens both volumes, and verifies that all
 * that was promised is there, and of this change all or nothing; then does it again if nothing.
 */
function change(weather, cost, next, action) {
  for (;;) {
    try {
      counted(cost, action)
      Object.assign(promised, next)
      cost.puts++
      return
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error
    }
    cuts++
    device = device.reboot()
    counted(costs.reopening, openAll)
    const done = verify(weather, next)
    planCut()
    if (done) {
      cost.puts++
      return
    }
  }
}

/** Throws unless the chip holds what was promised, or that with the change under way; tells whether with it. */
function verify(weather, next) {
  const states = [promised, { ...promised, ...next }]
  const found = states.findIndex(
    ({ settings, first, past }) => holdsSettings(settings) && holdsHours(weather, first, past),
  )
  if (found < 0) throw new Error(`power cut ${cuts}: not everything that was flushed is there`)
  for (const name of Object.keys(RANGES)) {
    const findings = [...databases[name].check(), ...volumes[name].check()]
    if (findings.length > 0) throw new Error(`power cut ${cuts}: ${name}: ${findings[0].message}`)
  }
  Object.assign(promised, states[found])
  return found === 1
}

/** Changes one of the settings. */
function changeSetting(weather, number, version) {
  const name = `sensor/${String(number).padStart(2, "0")}/calibration`
  const value = Buffer.from(`offset ${random(1000)}, gain ${random(1000)}, ${version}`.padEnd(32))
  const settings = new Map(promised.settings).set(name, value)
  change(weather, costs.config, { settings }, () => {
    databases.config.set(name, value)
    databases.config.flush()
  })
}

/** Appends an hour; drops the oldest month in the same flush when the data has passed three quarters of the capacity. */
function appendHour(weather, hour) {
  const { live, capacity } = volumes.log.status()
  const first = live > 0.75 * capacity ? endOfMonth(weather, promised.first) : promised.first
  const dropped = first > promised.first
  change(weather, costs.log, { first, past: hour + 1 }, () => {
    if (dropped) databases.log.deleteRange(undefined, keyOf(weather[first].time))
    databases.log.set(keyOf(weather[hour].time), pack(weather[hour]))
    databases.log.flush()
  })
  return dropped ? 1 : 0
}

/** Gives the first hour of the month after that of `hour`. */
function endOfMonth(weather, hour) {
  const month = (index) => new Date(weather[index].time * 1000).getUTCMonth()
  let next = hour
  while (month(next) === month(hour)) next++
  return next
}

/** The year in a log without a tree, whose oldest block goes when it is full, cut as often as the other; gives what it cost. */
function logTheYear(weather) {
  let chip = new SimulatedFlash({ size: CHIP_SIZE })
  let records = log.open(chip, RANGES.log)
  let cutsThere = 0
  chip.cutAfter(random(CUT_DISTANCE), "torn")
  while (records.last < weather.length) {
    const hour = records.last
    try {
      records.append(pack(weather[hour]), weather[hour].time)
      records.flush()
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error
      cutsThere++
      chip = chip.reboot()
      records = log.open(chip, RANGES.log)
      if (records.last !== hour && records.last !== hour + 1)
        throw new Error(`cut ${cutsThere}: the log ends at ${records.last}`)
      chip.cutAfter(random(CUT_DISTANCE), "torn")
    }
  }
  chip = chip.reboot()
  records = log.open(chip, RANGES.log)
  let hour = records.first - 1
  records.since(0, (record, _, time) => {
    if (time !== weather[hour].time || !sameBytes(record, pack(weather[hour])))
      throw new Error(`hour ${hour} is wrong`)
    hour++
  })
  if (hour !== weather.length) throw new Error(`the log ends at hour ${hour}`)
  return { cost: { puts: weather.length, ...chip.counters }, chip, cuts: cutsThere, kept: records.count }
}

/** One row of the table: what a put has cost, and how long the blocks last at a year like this one. */
function row(name, cost = costs[name], chip = device) {
  const { firstBlock, blockCount } = RANGES[name]
  const { puts, programBytes, erases, microseconds } = cost
  const wear = chip.eraseCounts.slice(firstBlock, firstBlock + blockCount)
  const most = Math.max(...wear)
  return {
    puts,
    "bytes/put": +(programBytes / puts).toFixed(1),
    "erases/1,000": +((1000 * erases) / puts).toFixed(1),
    "ms/put": +(microseconds / puts / 1000).toFixed(2),
    "wear min": Math.min(...wear),
    mean: +(wear.reduce((sum, count) => sum + count, 0) / blockCount).toFixed(1),
    max: most,
    // What has not gone round in a year is erased once in as many years as it takes to fill it.
    "life, years": Math.floor(
      most > 0 ? ERASE_CYCLES / most : (ERASE_CYCLES * blockCount * BLOCK_LENGTH) / programBytes,
    ),
  }
}

function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}

const weather = readWeather()
openAll()
planCut()
let months = 0
for (let hour = 0; hour < weather.length; hour++) {
  months += appendHour(weather, hour)
  const day = Math.floor(hour / 24)
  const from = Math.floor(((hour % 24) * SETTINGS_A_DAY) / 24)
  const to = Math.floor((((hour % 24) + 1) * SETTINGS_A_DAY) / 24)
  for (let i = from; i < to; i++) changeSetting(weather, random(SETTINGS), day * SETTINGS_A_DAY + i)
  if (hour % 24 === 0) progress(`day ${day}, ${cuts} power cuts`)
}
device = device.reboot()
openAll()
verify(weather, {})
progress("")

const plain = logTheYear(weather)
console.table({ config: row("config"), log: row("log"), "log, no tree": row("log", plain.cost, plain.chip) })
console.log(`${cuts} power cuts survived; after each, every flushed record and setting was there.`)
console.log(
  `${promised.past - promised.first} of ${weather.length} records kept, ${months} months dropped; ${promised.settings.size} settings.`,
)
console.log(
  `The log without a tree survived ${plain.cuts} power cuts of its own and kept ${plain.kept} records.`,
)
console.log(
  `Opening both volumes took ${(costs.reopening.microseconds / cuts / 1000).toFixed(1)} ms of flash time; a block lasts ${ERASE_CYCLES} erases.`,
)
if (cuts < CUTS_WANTED) throw new Error(`only ${cuts} power cuts in the year`)
