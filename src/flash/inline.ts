/** What is so short that a call costs more: on Espruino each of the modules "flash", "flash-opening" and "flash-extras" has it for itself. */
import { IMAGE_WEIGHT, SPARSE_WEIGHT, WEIGHT_MAX } from "./layout.ts"
import type { FlashVolume } from "./volume.ts"

/** Gives the number of the block that a position lies in. */
export function blockOf(volume: FlashVolume, position: number): number {
  return (position / volume._blockLength) | 0
}

/** Gives the word at `offset` of the header that was read last. */
export function headerWord(volume: FlashVolume, offset: number): number {
  return volume._view.getUint32(volume._header + offset)
}

/** Rounds a position up to the write alignment, a power of two. */
export function alignUp(volume: FlashVolume, position: number): number {
  return (position + volume._align - 1) & -volume._align
}

/** Notes what it will cost at most to move an image in `block`; a block that holds as much as can be noted is left. */
export function addWeight(volume: FlashVolume, block: number, isSparse: boolean): void {
  volume._weights[block] += isSparse ? SPARSE_WEIGHT : IMAGE_WEIGHT
  if (block === volume._head && volume._weights[block] > WEIGHT_MAX - IMAGE_WEIGHT) volume._sealed = true
}
