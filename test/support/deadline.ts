/** Ending a loop that does not end by itself. */
import { createContext, Script } from "node:vm"

const deadlineContext = createContext({ task: undefined as unknown })
const deadlineScript = new Script("task()")

/**
 * Runs `task` and ends it by force after `milliseconds`: an endless loop in the engine becomes an error with the
 * code ERR_SCRIPT_EXECUTION_TIMEOUT instead of a test run that never comes back.
 */
export function withDeadline<T>(milliseconds: number, task: () => T): T {
  deadlineContext.task = task
  try {
    return deadlineScript.runInContext(deadlineContext, { timeout: milliseconds }) as T
  } finally {
    deadlineContext.task = undefined
  }
}

/** Tells whether `error` is withDeadline's. */
export function isDeadline(error: unknown): boolean {
  return (error as { code?: unknown } | undefined)?.code === "ERR_SCRIPT_EXECUTION_TIMEOUT"
}
