/** The core of the volume: all of the module "flash" on Espruino. extras/ adds the rest to its class. */
export { open } from "./opening/index.ts"
export { FlashVolume, needsExtras as erase } from "./volume.ts"
