/** The flash volume: an atomic, wear-levelled stream over erase blocks. */
export type { FlashDevice, FlashStatus } from "./device.ts"
export { erase } from "./extras/index.ts"
export { open } from "./open-checked.ts"
export type { FlashOpenOptions } from "./opening/index.ts"
export type { FlashFinding, FlashVolumeStatus } from "./status.ts"
export { FlashVolume } from "./volume.ts"
