/** Log.since() on Espruino. What reading needs is the module "log-reading", asked for at each call and dropped again, as in open-log.ts. */
import type { Log, LogVisit, VisitOptions } from "../../src/log/index.ts"

/** The module "log" itself. */
declare const exports: object
declare const Modules: { removeCached(name: string): void }

const READING = "log-reading"

export function since(this: Log, sequence: number, call: LogVisit, options?: VisitOptions): void {
  const reading = require(READING)(exports)
  Modules.removeCached(READING)
  reading.since.call(this, sequence, call, options)
}
