/** The module "flashtree" of Espruino: raw flash and the one-call open(). "flashtree-sd" is sd-file-stream.ts. */
export { FlashRegion, type RegionOptions } from "./flash-region.ts"
export { type OpenOptions, open, type Store } from "./open.ts"
