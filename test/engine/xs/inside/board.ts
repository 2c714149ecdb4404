/**
 * What firmware does all day, for host/: a config store in a flash partition, a cache of so many pages, mixed operations. Every
 * answer is compared with what was stored.
 */
import { open, type Store } from "../../../../hosts/moddable/flash-partition.ts"
import type { Cursor } from "../../../../src/btree/index.ts"

/** Collects garbage and notes what is in use. */
declare function measure(): void

export interface Load {
  flashSize: number
  pagesize: number
  frames: number
  keys: number
  operations: number
}

const BLOCK_LENGTH = 4096
const VALUE_LENGTH = 32
const MEASURE_EVERY = 250
const RENEW_EVERY = 500

class Firmware {
  readonly load: Load
  readonly tree: Store
  readonly cursor: Cursor
  /** The version that each key's value has; 0: it was deleted. */
  readonly versions: Uint16Array
  readonly value = new Uint8Array(VALUE_LENGTH)
  readonly found = new Uint8Array(VALUE_LENGTH)
  random = 12_345
  next = 1

  constructor(load: Load) {
    this.load = load
    this.tree = open({
      partition: "btree",
      blockCount: load.flashSize / BLOCK_LENGTH,
      pagesize: load.pagesize,
      cachesize: load.frames * load.pagesize,
      reserve: true,
    })
    this.cursor = this.tree.cursor()
    this.versions = new Uint16Array(load.keys)
  }

  /** xorshift32. */
  draw(limit: number): number {
    let x = this.random
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    this.random = x
    return (x >>> 0) % limit
  }

  fill(k: number, version: number): void {
    for (let i = 0; i < VALUE_LENGTH; i++) this.value[i] = k + version * 7 + i
  }

  put(k: number): void {
    const version = this.next++ & 0x7fff || 1
    this.fill(k, version)
    this.tree.set(nameOf(k), this.value)
    this.versions[k] = version
  }

  remove(k: number): void {
    if (this.tree.delete(nameOf(k)) !== (this.versions[k] !== 0)) throw new Error(`delete of ${k}`)
    this.versions[k] = 0
  }

  compare(k: number, length: number): void {
    const version = this.versions[k] as number
    if (length !== (version === 0 ? -1 : VALUE_LENGTH)) throw new Error(`length ${length} of key ${k}`)
    this.fill(k, version)
    for (let i = 0; i < length; i++) if (this.found[i] !== this.value[i]) throw new Error(`value of key ${k}`)
  }

  get(k: number): void {
    this.compare(k, this.tree.getInto(nameOf(k), this.found))
  }

  /** Ten records from some key on. */
  scan(k: number): void {
    let more = this.cursor.seek(nameOf(k))
    for (let i = 0; more && i < 10; i++) {
      const { bytes, keyOffset, keyLength } = this.cursor
      let number = 0
      for (let at = keyOffset + keyLength - 7; at < keyOffset + keyLength; at++)
        number = number * 10 + (bytes[at] as number) - 48
      this.compare(number, this.cursor.valueInto(this.found))
      more = this.cursor.next()
    }
  }

  /** Everything goes and comes back in another order: pages are freed, taken again and split while blocks are reclaimed. */
  renew(): void {
    this.tree.deleteRange()
    this.versions.fill(0)
    const { keys } = this.load
    const step = 2 * this.draw(keys) + 1
    for (let i = 0, k = 0; i < keys; i++, k = (k + step) % keys) {
      if (this.versions[k] === 0) this.put(k)
      if (i % 64 === 0) this.tree.flush()
    }
    for (let k = 0; k < keys; k++) if (this.versions[k] === 0) this.put(k)
  }

  step(): void {
    const turn = this.draw(100)
    const k = this.draw(this.load.keys)
    if (turn < 40) this.get(k)
    else if (turn < 70) this.put(k)
    else if (turn < 75) this.remove(k)
    else if (turn < 80) this.scan(k)
    else this.tree.flush()
  }
}

function nameOf(k: number): string {
  return `cfg/item/${String(k).padStart(7, "0")}`
}

export function main(argument: string): string {
  const load = JSON.parse(argument) as Load
  const firmware = new Firmware(load)
  for (let k = 0; k < load.keys; k++) firmware.put(k)
  firmware.tree.flush()
  for (let i = 0; i < load.operations; i++) {
    if (i % RENEW_EVERY === 0) firmware.renew()
    firmware.step()
    if (i % MEASURE_EVERY === 0) measure()
  }
  for (let k = 0; k < load.keys; k++) firmware.get(k)
  const { frames, capacity, misses } = firmware.tree.cache
  return JSON.stringify({ frames, capacity, misses, findings: firmware.tree.check().length })
}
