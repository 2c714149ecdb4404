/** Running the built command as a user does. */
import { spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"

/** The command as `npm run build` makes it. */
export const CLI: string = fileURLToPath(new URL("../../../dist/node/cli.js", import.meta.url))

/** Databases made by Berkeley DB 1.85 and MicroPython. */
export const FIXTURES: string = fileURLToPath(new URL("../../fixtures/berkeley/", import.meta.url))

export interface Outcome {
  status: number | null
  stdout: string
  stderr: string
}

export interface Circumstances {
  input?: string | Uint8Array
  env?: Record<string, string>
  /** User and group to run as. */
  uid?: number
}

/** Runs `flashtree` with `args`; output as text, a char code for each byte. */
export function flashtree(args: string[], { input = "", env = {}, uid }: Circumstances = {}): Outcome {
  if (!existsSync(CLI)) throw new Error(`${CLI} is missing: npm run build`)
  const child = spawnSync(process.execPath, [CLI, ...args], {
    input,
    env: { ...process.env, FLASHTREE_DEBUG: "", ...env },
    maxBuffer: 2 ** 28,
    ...(uid === undefined ? {} : { uid, gid: uid }),
  })
  if (child.error) throw child.error
  return {
    status: child.status,
    stdout: child.stdout.toString("latin1"),
    stderr: child.stderr.toString("latin1"),
  }
}

/** Gives the standard output of a run that must end with 0. */
export function output(...args: string[]): string {
  const { status, stdout, stderr } = flashtree(args)
  if (status !== 0) throw new Error(`flashtree ${args.join(" ")}: ${status}\n${stderr}`)
  return stdout
}
