// A temperature logger for ESP32 boards: one record a minute, durable at once, the newest RECORDS_MAX kept, settings beside them.
// The power may go at any time. On the console: last(5), set("interval", 10), status().
const flashtree = require("flashtree")

const RECORDS_MAX = 400
const DROPPED_AT_ONCE = 20

let db, count, timer

// Change this to what the board measures.
function measure() {
  return E.getTemperature()
}

function setting(name, fallback) {
  const value = db.get(`cfg/${name}`)
  return value === undefined ? fallback : JSON.parse(E.toString(value))
}

// Hexadecimal seconds sort by time.
function logKey(seconds) {
  return `log/${seconds.toString(16).padStart(8, "0")}`
}

function timeOf(key) {
  return parseInt(key.substr(4), 16)
}

function now() {
  return Math.floor(getTime())
}

function record() {
  if (count >= RECORDS_MAX) dropOldest()
  const key = logKey(now())
  if (!db.has(key)) count++
  db.set(key, measure().toFixed(2))
  db.flush()
  // One erase ahead of time, so that the next record need not wait for it.
  db.volume.maintain()
}

// One flush with the next record makes both durable.
function dropOldest() {
  const cursor = db.cursor()
  cursor.seek("log/")
  for (let i = 0; i < DROPPED_AT_ONCE; i++) cursor.next()
  count -= db.deleteRange("log/", E.toString(cursor.key()))
}

function last(n) {
  const cursor = db.cursor()
  // "log0" is the first key behind all of "log/...".
  let there = cursor.seek("log0") ? cursor.previous() : cursor.last()
  for (let i = 0; i < n && there; i++) {
    const key = E.toString(cursor.key())
    if (key.substr(0, 4) !== "log/") break
    print(JSON.stringify({ time: timeOf(key), value: parseFloat(E.toString(cursor.value())) }))
    there = cursor.previous()
  }
}

function set(name, value) {
  db.set(`cfg/${name}`, JSON.stringify(value))
  db.flush()
  if (name === "interval") start()
}

function status() {
  const volume = db.volume.status()
  print(`${count} records, ${volume.used} of ${volume.capacity} bytes, erases ${volume.eraseCountMax}`)
}

function start() {
  if (timer) clearInterval(timer)
  timer = setInterval(record, setting("interval", 60) * 1000)
}

function onInit() {
  db = flashtree.open({ region: {} })
  count = 0
  db.forEach(
    () => {
      count++
    },
    "log/",
    "log0",
  )
  start()
}

onInit()
