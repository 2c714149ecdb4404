/** Reading a log. A device that writes one reads it seldom, so on Espruino it is a module of its own, "log-reading", which takes memory only while it runs. */
export { since } from "./visit.ts"
