/** The chips of the power-cut tests, and the volumes on them. */
import { SimulatedFlash } from "../../../hosts/node/node.ts"
import * as flash from "../../../src/flash/index.ts"

export type Random = (limit: number) => number

export const SEED = Number(process.env.SEED ?? 4242)

export interface Geometry {
  size: number
  writeAlign: number
  encrypted?: boolean
  pagesize?: number
  checksum?: "crc32" | "sum32"
  /** Of the btree; that of the volume when left out. */
  treePagesize?: number
  cachesize?: number
}

export function nameOf(geometry: Geometry): string {
  const parts = [`${geometry.size / 1024}K`, `align ${geometry.writeAlign}`]
  if (geometry.encrypted) parts.push("encrypted")
  if (geometry.pagesize !== undefined) parts.push(`page ${geometry.pagesize}`)
  if (geometry.treePagesize !== undefined) parts.push(`tree page ${geometry.treePagesize}`)
  if (geometry.checksum !== undefined) parts.push(geometry.checksum)
  return parts.join(", ")
}

export function makeChip(geometry: Geometry): SimulatedFlash {
  return new SimulatedFlash({
    size: geometry.size,
    writeAlign: geometry.writeAlign,
    encrypted: geometry.encrypted === true,
    seed: SEED,
  })
}

export function openVolume(
  device: flash.FlashDevice,
  geometry: Geometry,
  options: flash.FlashOpenOptions = {},
): flash.FlashVolume {
  return flash.open(device, {
    pagesize: geometry.pagesize ?? 512,
    ...(geometry.checksum === undefined ? {} : { checksum: geometry.checksum }),
    ...options,
  })
}
