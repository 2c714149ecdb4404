// A temperature logger for ESP32 boards: one record a minute, durable at once, the newest ones kept, some thousand; settings beside them.
// The power may go at any time. On the console: last(5), during(from, to), get("interval"), set("interval", 10), status(), dump().
const flashtree = require("flashtree")
const log = require("log-extras")(require("log"))

// Of the 16 erase blocks of the region the first 8 are for settings, the others for the log.
const SETTINGS_BLOCKS = 8
const DEFAULTS = { interval: 60, name: "sensor" }

let region, records, timer

// Change this to what the board measures.
function measure() {
  return E.getTemperature()
}

// Settings are seldom needed: their pages and their handle take memory only as long as this runs.
function withSettings(call) {
  const store = flashtree.open({ region: region, blockCount: SETTINGS_BLOCKS })
  try {
    return call(require("config").open(store, { defaults: DEFAULTS }))
  } finally {
    store.close()
  }
}

function get(name) {
  return withSettings((settings) => settings.getString(name))
}

function set(name, value) {
  withSettings((settings) => {
    settings.set(name, value)
    settings.flush()
  })
  if (name === "interval") start()
}

function record() {
  records.append(measure().toFixed(2), Math.floor(getTime()))
  records.flush()
  // One erase ahead of time, so that the next record need not wait for it.
  records.maintain()
}

function show(bytes, number, time) {
  print(JSON.stringify({ number: number, time: time, value: parseFloat(E.toString(bytes)) }))
}

// The newest n records, the oldest of them first.
function last(n) {
  records.since(records.last - n + 1, show)
}

// The records of two times and in between, in seconds.
function during(from, to) {
  records.between(from, to, show)
}

// Everything, in lines that `flashtree load` reads.
function dump() {
  records.export(print)
}

function status() {
  const figures = records.status()
  print(
    `${figures.count} records in ${figures.usedBlocks} of ${figures.blocks} blocks, erases ${figures.eraseCount}`,
  )
}

function start() {
  if (timer) clearInterval(timer)
  const seconds = withSettings((settings) => settings.getNumber("interval"))
  timer = setInterval(record, seconds * 1000)
}

function onInit() {
  region = new flashtree.FlashRegion({ address: 0x310000, length: 0x10000 })
  records = log.open(region, { firstBlock: SETTINGS_BLOCKS })
  start()
}

onInit()
