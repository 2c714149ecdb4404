/**
 * The entry "flashtree/flash-partition" where `embedded:storage/flash` does not exist (ESP8266, nRF52): the same over the older module
 * `flash`. Where the chip can map a partition, reads come out of the map.
 */
import Flash from "flash"
import type { Store } from "../store.ts"
import { type FlashPartitionOptions, Partition, type PartitionDriver } from "./partition.ts"
import { openPlace, type PartitionOpenOptions } from "./partition-store.ts"

export type { Store, StoreOptions } from "../store.ts"
export type { FlashPartitionOptions } from "./partition.ts"
export type { PartitionOpenOptions } from "./partition-store.ts"

class LegacyFlash implements PartitionDriver {
  _flash: Flash | null
  _map: Uint8Array | null

  constructor(path: string) {
    this._flash = new Flash(path)
    this._map = mapOf(this._flash)
  }

  read(buffer: Uint8Array, byteOffset: number): void {
    if (this._map !== null) {
      buffer.set(this._map.subarray(byteOffset, byteOffset + buffer.length))
      return
    }
    buffer.set(new Uint8Array((this._flash as Flash).read(byteOffset, buffer.length)))
  }

  write(buffer: Uint8Array, byteOffset: number): void {
    ;(this._flash as Flash).write(byteOffset, buffer.length, buffer)
  }

  eraseBlock(start: number, end: number): void {
    for (let sector = start; sector < end; sector++) (this._flash as Flash).erase(sector)
  }

  status(): { size: number; blockLength: number } {
    const flash = this._flash as Flash
    return { size: flash.byteLength, blockLength: flash.blockSize }
  }

  // The module has no close: the partition is given up with the object.
  close(): void {
    this._flash = null
    this._map = null
  }
}

function mapOf(flash: Flash): Uint8Array | null {
  if (typeof flash.map !== "function") return null
  try {
    return new Uint8Array(flash.map())
  } catch {
    return null // the chip maps none
  }
}

const openFlash = (path: string): PartitionDriver => new LegacyFlash(path)

/** A flash partition of the board as a FlashDevice. A read allocates a view of the map, or a copy where there is no map. */
export class FlashPartition extends Partition {
  /** Opens the partition. @throws EIO there is no such partition */
  constructor(options: FlashPartitionOptions) {
    super(options, openFlash)
  }
}

/** Opens a btree on a flash volume in a partition, in one call; see the entry over `embedded:storage/flash`. */
export function open(options: PartitionOpenOptions): Store {
  return openPlace(options, FlashPartition)
}
