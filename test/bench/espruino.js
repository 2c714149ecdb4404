// How quick btree is on Espruino, as a ratio to one step of an empty loop in the same run, and in calls a second. A program for the board, or for
// Espruino on Linux: 200 records of 16 + 32 bytes, pages of 512, over memory, and where there is room for it on a flash volume in memory. The modules
// are found in Storage; on Linux that is a file, so there put them into memory (Modules.addCached) before this. Each figure is the sum of the
// least times of fifty parts over thirty rounds, so that whatever else runs is left out.
const btree = require("btree")
const COUNT = 200
const PART = 4

function Memory(size) {
  this.bytes = new Uint8Array(size)
  this.used = 0
  this.atomic = true
}
Memory.prototype.read = function (buffer, position, start, length) {
  const count = Math.min(length, this.used - position)
  if (count > 0) buffer.set(this.bytes.subarray(position, position + count), start)
  return count
}
Memory.prototype.write = function (buffer, position, start, length) {
  this.bytes.set(buffer.subarray(start, start + length), position)
  this.used = Math.max(this.used, position + length)
}
Memory.prototype.size = function () {
  return this.used
}
Memory.prototype.setSize = function (size) {
  this.used = size
}
Memory.prototype.flush = () => {}

/** A chip of 64 KiB in memory. What is programmed was erased before, so that it can be copied, as natively as a driver writes. */
function Chip() {
  this.bytes = new Uint8Array(65536).fill(255)
}
Chip.prototype.read = function (length, address) {
  return new Uint8Array(this.bytes.subarray(address, address + length))
}
Chip.prototype.write = function (data, address) {
  this.bytes.set(data, address)
}
Chip.prototype.erasePage = function (address) {
  this.bytes.fill(255, address & ~4095, (address & ~4095) + 4096)
}
Chip.prototype.getPage = (address) => (address < 65536 ? { addr: address & ~4095, length: 4096 } : undefined)

let step = 1
function timeLoop() {
  const begun = getTime()
  for (let i = 0; i < 2000; i++);
  step = Math.min(step, (getTime() - begun) / 2000)
}

function measure(what, rounds, work) {
  const best = []
  for (let i = 0; i < COUNT / PART; i++) best.push(1e9)
  for (let round = 0; round < rounds; round++) {
    for (let part = 0; part < best.length; part++) {
      const begun = getTime()
      work(part * PART, part * PART + PART)
      best[part] = Math.min(best[part], getTime() - begun)
    }
    timeLoop()
  }
  const seconds = best.reduce((sum, time) => sum + time, 0) / COUNT
  print(`  ${what}: ${Math.round(seconds / step)} loop steps, ${(1 / seconds).toFixed(1)} a second`)
}

function run(frames, db) {
  const value = new Uint8Array(32)
  const keys = []
  let cursor
  for (let i = 0; i < COUNT; i++) keys.push(`cfg/item/${`0000000${(i * 37 + 11) % COUNT}`.substr(-7)}`)
  for (let i = 0; i < COUNT; i++) db.set(keys[i], value)
  db.flush()
  print(frames)
  measure("get", 30, (from, to) => {
    for (let i = from; i < to; i++) db.get(keys[i])
  })
  // A volume has no room for so many in one transaction.
  if (db.volume === undefined)
    measure("put", 30, (from, to) => {
      for (let i = from; i < to; i++) db.put(keys[i], value)
    })
  measure("put and flush", 30, (from, to) => {
    for (let i = from; i < to; i++) {
      db.put(keys[i], value)
      db.flush()
    }
  })
  measure("cursor step", 30, (from, to) => {
    if (from === 0) cursor = db.cursor()
    for (let i = from; i < to; i++) cursor.next()
  })
  db.close()
}

function openMemory(frames) {
  return btree.open(new Memory(32768), { pagesize: 512, cachesize: frames * 512 })
}

run("5 frames", openMemory(5))
if (process.memory().free > 4000) run("40 frames", openMemory(40))
if (process.memory().free > 6000) {
  const region = { flash: new Chip(), address: 0, length: 65536 }
  run("5 frames, on a flash volume", require("flashtree").open({ region, cachesize: 2560 }))
}
print(`a loop step takes ${(step * 1e6).toFixed(1)} us`)
