/** Opening a volume: what is needed once, so that on Espruino it is a module of its own, "flash-opening", which takes memory only while it runs. */
export { type FlashOpenOptions, open } from "./open.ts"
