export type { FlashDevice, FlashStatus } from "../stream/flash-device.ts"
