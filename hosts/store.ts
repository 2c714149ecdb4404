/**
 * What the one-call open() of every host shares: the place is claimed, a flash volume is opened where it consists of erase blocks,
 * and a btree stands on it whose close() closes all of that. Written in the subset of src, since it ships to Espruino.
 * Invariant: a range of a medium has at most one writer in this VM, or any number of readers.
 */
import { type BTree, type OpenOptions, open as openTree } from "../src/btree/index.ts"
import { failure } from "../src/errors.ts"
import {
  type FlashDevice,
  type FlashOpenOptions,
  type FlashVolume,
  open as openVolume,
} from "../src/flash/index.ts"
import type { RandomAccessStream } from "../src/stream/stream.ts"

/** The options of btree.open and of flash.open; those of flash only where the place consists of erase blocks. */
export interface StoreOptions extends OpenOptions, FlashOpenOptions {}

/** A BTree whose close() closes everything that open() opened, and gives the place free. */
export interface Store extends BTree {
  /** The flash volume under the tree, for maintain(), status() and check(); undefined on a file. */
  readonly volume: FlashVolume | undefined
  /** @internal What close() has to close, from the top; null once it is closed. */
  _parts: Closable[] | null
  /** @internal */
  _claim: Claim
  /** @internal The close() of BTree. */
  _closeTree: () => void
}

/** Where a device lies, for hosts whose devices are made from a name: two on one place are then one place. */
export interface Placed {
  /** What the range is a part of; compared with ===. The device itself when left out. */
  readonly medium?: unknown
  /** Byte of the medium where the device begins; 0 when left out. */
  readonly origin?: number
}

interface Closable {
  close(): void
}

/** Bytes [from, to) of a medium in use. */
export interface Claim {
  medium: unknown
  from: number
  to: number
  readonly: boolean
}

const FLASH_OPTIONS = [
  "format",
  "firstBlock",
  "blockCount",
  "writeAlign",
  "erasedReads",
  "checksum",
  "resize",
]

// One registry a VM. A plain array: XS keeps one that was preloaded writable.
const claims: Claim[] = []

/** Takes the bytes [from, to) of a medium until release(). @throws EBUSY when someone has a part of them and one of the two writes. */
export function claim(medium: unknown, from: number, to: number, readonly: boolean, name: string): Claim {
  for (let i = 0; i < claims.length; i++) {
    const other = claims[i]
    if (other.medium !== medium || from >= other.to || other.from >= to) continue
    if (readonly && other.readonly) continue
    throw failure("EBUSY", `${name} is open already: close the other store first, or use that one`)
  }
  const taken: Claim = { medium: medium, from: from, to: to, readonly: readonly }
  claims.push(taken)
  return taken
}

/** Gives a claim back; may be called twice. */
export function release(taken: Claim): void {
  const at = claims.indexOf(taken)
  if (at >= 0) claims.splice(at, 1)
}

/** Gives the one of `places` (names of options) that is given. @throws EINVAL when none is, or several are. */
export function findPlace(options: object, places: string[]): string {
  let found = ""
  for (let i = 0; i < places.length; i++) {
    if ((options as Record<string, unknown>)[places[i]] === undefined) continue
    if (found !== "") throw failure("EINVAL", `${found} and ${places[i]} are given: expected one place`)
    found = places[i]
  }
  if (found === "") throw failure("EINVAL", `no place is given: expected one of ${places.join(", ")}`)
  return found
}

/**
 * Opens a tree on a flash volume on a device. `places` are the host's own options, which are neither the tree's nor the volume's;
 * `name` is for messages. With `owned` the device is closed with the store, and when opening fails.
 */
export function openOnDevice(
  device: FlashDevice & Placed,
  options: StoreOptions,
  places: string[],
  name: string,
  owned: boolean,
): Store {
  const parts: Closable[] = owned ? [device] : []
  let taken: Claim | null = null
  try {
    const status = device.status()
    const first = options.firstBlock === undefined ? 0 : options.firstBlock
    const count = options.blockCount === undefined ? status.blocks - first : options.blockCount
    const from = (device.origin === undefined ? 0 : device.origin) + first * status.blockLength
    const medium = device.medium === undefined ? device : device.medium
    taken = claim(medium, from, from + count * status.blockLength, options.readonly === true, name)
    const volume = openVolume(device, pick(options, FLASH_OPTIONS.concat(["pagesize", "readonly"]), true))
    parts.unshift(volume)
    return makeStore(volume, volume, pick(options, FLASH_OPTIONS.concat(places), false), parts, taken)
  } catch (error) {
    abandon(parts, taken)
    throw error
  }
}

/**
 * Opens a tree on a stream that `openIt` opens once the place is claimed, so that a second opener never touches it. `medium` is
 * what a place is compared by, `name` is for messages.
 */
export function openOnStream(
  openIt: () => RandomAccessStream,
  options: StoreOptions,
  places: string[],
  medium: unknown,
  name: string,
): Store {
  const taken = claim(medium, 0, Number.POSITIVE_INFINITY, options.readonly === true, name)
  const parts: Closable[] = []
  try {
    const stream = openIt()
    parts.push(stream)
    return makeStore(stream, undefined, pick(options, places, false), parts, taken)
  } catch (error) {
    abandon(parts, taken)
    throw error
  }
}

function makeStore(
  stream: RandomAccessStream,
  volume: FlashVolume | undefined,
  options: OpenOptions,
  parts: Closable[],
  taken: Claim,
): Store {
  const store = openTree(stream, options) as Store
  ;(store as { volume: FlashVolume | undefined }).volume = volume
  store._parts = parts
  store._claim = taken
  store._closeTree = store.close
  // The prototype of a preloaded class is frozen on XS: an assignment would be refused.
  Object.defineProperty(store, "close", { value: closeStore })
  return store
}

function closeStore(this: Store): void {
  const parts = this._parts
  if (parts === null) return
  this._parts = null
  try {
    this._closeTree()
  } catch (error) {
    endTree(this)
    abandon(parts, this._claim)
    throw error
  }
  closeAll(parts, this._claim)
}

/** Ends a tree that cannot be flushed: what a full medium refuses has to be given up first. */
function endTree(store: Store): void {
  try {
    store.rollback()
  } catch {}
  try {
    store._closeTree()
  } catch {}
}

function closeAll(parts: Closable[], taken: Claim | null): void {
  let failed = false
  let reason: unknown
  for (let i = 0; i < parts.length; i++) {
    try {
      parts[i].close()
    } catch (error) {
      if (!failed) reason = error
      failed = true
    }
  }
  if (taken !== null) release(taken)
  if (failed) throw reason
}

/** Closes what opening left, when it failed: the failure itself is what the caller is told. */
function abandon(parts: Closable[], taken: Claim | null): void {
  try {
    closeAll(parts, taken)
  } catch {}
}

/** Copies the options that are in `names`, or those that are not. */
function pick(options: object, names: string[], wanted: boolean): object {
  const source = options as Record<string, unknown>
  const result: Record<string, unknown> = {}
  const keys = Object.keys(source)
  for (let i = 0; i < keys.length; i++) {
    if (names.indexOf(keys[i]) >= 0 === wanted) result[keys[i]] = source[keys[i]]
  }
  return result
}
