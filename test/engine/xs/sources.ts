/**
 * The XS sources that the npm package @agoric/xsnap carries, and the worker its own makefile builds from them. Install
 * scripts are not run (.npmrc), so the worker is compiled here the first time a test asks for it and stays in
 * node_modules. A machine without a compiler skips the tests on XS and is told what to install; under CI that is a
 * failure.
 */
import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, test } from "vitest"
import { ROOT } from "../../tidy/sources.ts"

/** The folder of the package. */
export const XSNAP = join(ROOT, "node_modules/@agoric/xsnap")
/** Where the tests keep what they compile. */
export const CACHE = join(ROOT, "node_modules/.cache/flashtree-xs")
/** What a test that may have to compile XS takes at most. */
export const COMPILE_MILLISECONDS = 600_000

const NATIVE = join(XSNAP, "xsnap-native/xsnap")
const WORKER = join(NATIVE, "build/bin/lin/release/xsnap-worker")

function runs(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: "ignore" }).status === 0
}

/** Gives what keeps this machine from running XS and what to do about it, or "". */
function obstacle(): string {
  if (process.platform !== "linux") return "the tests on XS run on Linux only"
  if (!existsSync(XSNAP)) return "the package @agoric/xsnap is missing: npm install --include=dev"
  if (!runs("make", "--version") || !runs("cc", "--version"))
    return "XS is compiled with make and a C compiler: apt-get install make gcc libc6-dev"
  return ""
}

/** Like vitest's describe, for tests that need XS: they fail under CI, and are skipped elsewhere, when it cannot be had. */
export function describeOnXS(name: string, body: () => void): void {
  const missing = obstacle()
  if (missing === "") {
    describe(name, body)
  } else if (process.env.CI) {
    describe(name, () => {
      test("has an engine", () => {
        throw new Error(missing)
      })
    })
  } else {
    console.warn(`${name}: skipped, ${missing}`)
    describe.skip(`${name} (${missing})`, body)
  }
}

/**
 * Runs a command that compiles and keeps others that compile the same out meanwhile (test files run in parallel).
 * @throws Error with the compiler's words when it fails
 */
export function compile(lock: string, command: string, args: string[], folder: string): void {
  mkdirSync(CACHE, { recursive: true })
  const { status, stderr, stdout, error } = spawnSync("flock", [join(CACHE, lock), command, ...args], {
    cwd: folder,
    encoding: "utf8",
  })
  if (status !== 0) throw new Error(`${command} failed in ${folder}: ${error ?? ""}\n${stdout}\n${stderr}`)
}

/** Gives the path of the worker, which is compiled first if it is not there (a minute). */
export function workerPath(): string {
  if (!existsSync(WORKER)) {
    const { version } = JSON.parse(readFileSync(join(XSNAP, "package.json"), "utf8")) as { version: string }
    const variables = ["GOAL=release", `MODDABLE=${join(XSNAP, "moddable")}`, `XSNAP_VERSION=${version}`]
    const args = ["-j2", "-f", "xsnap-worker.mk", ...variables]
    compile("worker.lock", "make", args, join(NATIVE, "makefiles/lin"))
  }
  return WORKER
}
