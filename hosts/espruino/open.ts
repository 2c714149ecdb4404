/**
 * One call from a place to a store, on Espruino. Shipped as the module "flashtree"; it asks for "btree", "flash" and "flashtree-sd" when they
 * are needed, so that only what is used takes variables. Invariant: a range of a medium has one writer, or any number of readers.
 */
import type { BTree, OpenOptions as TreeOptions } from "../../src/btree/index.ts"
import { failure } from "../../src/errors.ts"
import type { FlashDevice, FlashOpenOptions, FlashVolume } from "../../src/flash/index.ts"
import type { RandomAccessStream } from "../../src/stream/stream.ts"
import { FlashRegion, type RegionOptions } from "./flash-region.ts"
import type { Natives } from "./natives.ts"

declare const E: Natives

/** One of `region`, `device` and `file`, and any options of btree.open and flash.open. */
export interface OpenOptions extends TreeOptions, FlashOpenOptions {
  /** Raw flash: a FlashRegion, or what one is made of; `{}` is the free 64 KiB of an ESP32. */
  region?: FlashRegion | RegionOptions
  /** Any other FlashDevice; it is not closed with the store. */
  device?: FlashDevice
  /** A path on an SD card. */
  file?: string
  /** False: the store is not closed before save(), load(), reset() and reboot(). */
  closeOnKill?: boolean
}

/** A BTree whose close() closes everything that open() opened. */
export interface Store extends BTree {
  /** The flash volume under the tree, for maintain(), status() and check(); undefined on a file. */
  readonly volume: FlashVolume | undefined
}

/** Bytes [from, to) of a medium in use, and what close() has to close. */
interface Claim {
  medium: unknown
  from: number
  to: number
  readonly: boolean
  parts: { close(): void }[]
  onKill: (() => void) | null
}

/** A store's own part of the handle. */
interface Claimed {
  volume: FlashVolume | undefined
  close: () => void
  _claim: Claim | null
  _closeTree: () => void
}

/** What is open. */
const claims: Claim[] = []

/**
 * Opens a btree on raw flash or in a file; a blank region is formatted. Pages of 512 bytes and 5 frames, unless the options say
 * otherwise. The store is flushed and closed by close(), and before Espruino's save(), load(), reset() and reboot(), after which what
 * it has in memory would be stale.
 *
 * @throws EINVAL options; EBUSY the range or the file is open already; and what btree.open, flash.open and SdFileStream throw.
 * @example
 * const db = require("flashtree").open({ region: {} })
 * db.set("boots", "1")
 * db.flush()
 */
export function open(options: OpenOptions): Store {
  const treeOptions: Record<string, unknown> = {}
  const volumeOptions: Record<string, unknown> = {}
  const names = Object.keys(options)
  let places = 0
  for (let i = 0; i < names.length; i++) {
    const name = names[i]
    const value = (options as Record<string, unknown>)[name]
    // Lists that last only as long as the call. A text to look in would not do: indexOf finds the beginning of what it looks for
    // at the end of a text (Espruino 2v29).
    const ofBoth = ["pagesize", "readonly"].indexOf(name) >= 0
    const ofVolume =
      ["firstBlock", "blockCount", "format", "writeAlign", "erasedReads", "checksum", "resize"].indexOf(
        name,
      ) >= 0
    const ofTree =
      [
        "flags",
        "duplicates",
        "cachesize",
        "minkeypage",
        "reserve",
        "compare",
        "prefix",
        "lorder",
        "checksums",
      ].indexOf(name) >= 0
    if (ofBoth || ofVolume) volumeOptions[name] = value
    if (ofBoth || ofTree) treeOptions[name] = value
    if (["region", "device", "file"].indexOf(name) >= 0) places++
    else if (!ofBoth && !ofVolume && !ofTree && name !== "closeOnKill") {
      throw failure("EINVAL", `unknown option ${name}`)
    }
  }
  if (places !== 1) throw failure("EINVAL", "expected one of region, device and file")
  const claim: Claim = {
    medium: options.file,
    from: 0,
    to: 1,
    readonly: options.readonly === true,
    parts: [],
    onKill: null,
  }
  const device = options.file === undefined ? claimBlocks(claim, options) : null
  refuseTaken(claim)
  let stream: RandomAccessStream | null = null
  try {
    stream = device === null ? openFile(options) : require("flash").open(device, volumeOptions)
    const store = require("btree").open(stream, treeOptions)
    claim.parts.unshift(stream as RandomAccessStream)
    take(store, claim, device === null ? undefined : (stream as FlashVolume), options.closeOnKill !== false)
    return store
  } catch (error) {
    if (stream !== null) stream.close()
    throw error
  }
}

function openFile(options: OpenOptions): RandomAccessStream {
  return new (require("flashtree-sd").SdFileStream)(options.file, options)
}

/** Puts into the claim which bytes of which chip are meant, and gives the device. */
function claimBlocks(claim: Claim, options: OpenOptions): FlashDevice {
  let device = options.device as FlashDevice & { medium?: unknown; origin?: number }
  if (device === undefined) {
    const region = options.region as FlashRegion
    device = region.medium === undefined ? new FlashRegion(region as RegionOptions) : region
    if (device !== region) claim.parts.push(device)
  }
  const status = device.status()
  const first = options.firstBlock === undefined ? 0 : options.firstBlock
  const count = options.blockCount === undefined ? status.blocks - first : options.blockCount
  claim.medium = device.medium === undefined ? device : device.medium
  claim.from = (device.origin === undefined ? 0 : device.origin) + first * status.blockLength
  claim.to = claim.from + count * status.blockLength
  return device
}

function refuseTaken(claim: Claim): void {
  for (let i = 0; i < claims.length; i++) {
    const other = claims[i]
    if (other.medium !== claim.medium || claim.from >= other.to || other.from >= claim.to) continue
    if (claim.readonly && other.readonly) continue
    throw failure("EBUSY", "a store is open there: close it first, or use it")
  }
}

/** Enters the claim, and makes the tree's close() close all of it. */
function take(store: Claimed, claim: Claim, volume: FlashVolume | undefined, closeOnKill: boolean): void {
  store.volume = volume
  store._claim = claim
  store._closeTree = store.close
  store.close = closeStore
  claims.push(claim)
  if (!closeOnKill) return
  claim.onKill = () => {
    store.close()
  }
  E.on("kill", claim.onKill)
}

function closeStore(this: Claimed): void {
  const claim = this._claim
  if (claim === null) return
  this._claim = null
  claims.splice(claims.indexOf(claim), 1)
  if (claim.onKill !== null) E.removeListener("kill", claim.onKill)
  try {
    this._closeTree()
  } catch (error) {
    closeParts(claim)
    throw error
  }
  closeParts(claim)
}

function closeParts(claim: Claim): void {
  for (let i = 0; i < claim.parts.length; i++) claim.parts[i].close()
}
