/** How long a NOR chip takes, in microseconds: the models A, B and C that all figures of flashtree come from. */

const SECTOR_LENGTH = 4096

/** Gives the microseconds of one operation on `length` bytes. CPU time is not in it. */
export interface ChipTiming {
  /** One read call. */
  read(length: number): number
  /** One program operation, so at most 256 bytes. */
  program(length: number): number
  /** The erase of one block. */
  erase(length: number): number
}

function sectors(length: number): number {
  return Math.ceil(length / SECTOR_LENGTH)
}

/** Model A, "typical": the data sheet of W25Q chips, with the read and call overhead of ESP-IDF. */
export const W25Q32JV: ChipTiming = Object.freeze({
  read: (length: number) => 15 + 0.1 * length,
  program: (length: number) => 30 + Math.min(400, 30 + 2.5 * (length - 1)),
  erase: (length: number) => 45_030 * sectors(length),
})

/** Model A where reads come from a memory-mapped partition. */
export const W25Q32JV_MAPPED: ChipTiming = Object.freeze({
  ...W25Q32JV,
  read: (length: number) => 1.5 + 0.05 * length,
})

/** Model B: the driver of an ESP32-C3, fitted to ESP-IDF's own speed thresholds. */
export const ESP32_C3: ChipTiming = Object.freeze({
  read: (length: number) => 15 + 0.1 * length,
  program: (length: number) => 60 + 0.9 * Math.max(0, length - 4),
  erase: (length: number) => 63_000 * sectors(length),
})

/** Model C: the maxima of the data sheet. */
export const W25Q32JV_WORST: ChipTiming = Object.freeze({
  read: (length: number) => 80 + 0.1 * length,
  program: () => 3_080,
  erase: (length: number) => 400_080 * sectors(length),
})
