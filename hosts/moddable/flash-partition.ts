/**
 * The entry "flashtree/flash-partition": a flash partition through `embedded:storage/flash`. An entry of its own, because a build for
 * a simulator without that module must not meet the import.
 */
import partitions from "embedded:storage/flash"
import type { Store } from "../store.ts"
import { type FlashPartitionOptions, Partition, type PartitionDriver } from "./partition.ts"
import { openPlace, type PartitionOpenOptions } from "./partition-store.ts"

export type { Store, StoreOptions } from "../store.ts"
export type { FlashPartitionOptions } from "./partition.ts"
export type { PartitionOpenOptions } from "./partition-store.ts"

class EmbeddedFlash implements PartitionDriver {
  readonly size: number
  readonly blockLength: number
  readonly writeAlign: number | undefined
  readonly eraseValue: number | undefined
  _flash: ReturnType<typeof partitions.open>

  constructor(path: string, readonly: boolean) {
    this._flash = partitions.open({ path, mode: readonly ? "r" : "r+" })
    const status = this._flash.status()
    this.size = status.size
    this.blockLength = status.blockLength
    this.writeAlign = status.writeAlign
    this.eraseValue = status.eraseValue
  }

  read(buffer: Uint8Array, byteOffset: number): void {
    this._flash.read(buffer, byteOffset)
  }

  write(buffer: Uint8Array, byteOffset: number): void {
    this._flash.write(buffer, byteOffset)
  }

  erase(start: number, end: number): void {
    this._flash.eraseBlock(start, end)
  }

  close(): void {
    this._flash.close()
  }
}

const openFlash = (path: string, readonly: boolean): PartitionDriver => new EmbeddedFlash(path, readonly)

/** A flash partition of the board as a FlashDevice. Reads go into the caller's buffer and allocate nothing. */
export class FlashPartition extends Partition {
  /** Opens the partition. @throws EIO there is no such partition */
  constructor(options: FlashPartitionOptions) {
    super(options, openFlash)
  }
}

/**
 * Opens a btree on a flash volume in a partition (formatted when it is blank), in one call. Takes the options of btree.open and of
 * flash.open; several stores share a partition by `firstBlock` and `blockCount`.
 *
 * @throws EINVAL not exactly one of `partition` and `device`; EBUSY the blocks are in use in this VM; EIO there is no such partition;
 * and what flash.open and btree.open throw.
 * @example
 * const store = open({ partition: "btree", cachesize: 4096 })
 */
export function open(options: PartitionOpenOptions): Store {
  return openPlace(options, FlashPartition)
}
