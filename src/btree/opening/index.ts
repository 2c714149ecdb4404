/** Opening a tree, and taking its state anew: seldom needed, so that on Espruino it is a module of its own, "btree-opening", which takes memory only while it runs. */
export { load } from "./load.ts"
export { open } from "./open.ts"
