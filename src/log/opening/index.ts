/** Opening a log: what is needed once, so that on Espruino it is a module of its own, "log-opening", which takes memory only while it runs. */
export { type LogOpenOptions, open } from "./open.ts"
