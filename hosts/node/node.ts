/** The entry "flashtree/node": what only Node has. */

export type { Store, StoreOptions } from "../store.ts"
export { FileStream, type FileStreamOptions, type NodeFsLike } from "./file-stream.ts"
export { FlashImage, type FlashImageOptions } from "./flash-image.ts"
export { type OpenOptions, open } from "./open.ts"
export { FlashCounters } from "./simulator/counters.ts"
export { FlashViolation, PowerCut } from "./simulator/errors.ts"
export type { CutMode } from "./simulator/medium.ts"
export { SimulatedPower } from "./simulator/power.ts"
export { type FileCutMode, SimulatedFile } from "./simulator/simulated-file.ts"
export { SimulatedFlash, type SimulatedFlashOptions } from "./simulator/simulated-flash.ts"
export { SimulatedLittlefsFile } from "./simulator/simulated-littlefs-file.ts"
export {
  type ChipTiming,
  ESP32_C3,
  W25Q32JV,
  W25Q32JV_MAPPED,
  W25Q32JV_WORST,
} from "./simulator/timing.ts"
