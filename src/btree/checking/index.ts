/** Looking at the whole of a file. Seldom needed, so on Espruino a module of its own, "btree-check", which takes memory only while it runs. */
export { check, salvage, stat } from "./check.ts"
