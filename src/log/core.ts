/** The core of the log: all of the module "log" on Espruino. extras/ adds the rest to its class. */
export { Log } from "./log.ts"
export { open } from "./opening/index.ts"
