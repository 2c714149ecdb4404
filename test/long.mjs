/**
 * The long run: the property tests with fresh seeds until the time is up.
 *
 *   npm run test:long -- --seconds 3600 [--seed 1] [--runs 300]
 *
 * Each round is one `vitest run test/property` with its own SEED, so that a crash or a hang of one is noticed too. The
 * first failing round ends it: its output is shown, the command that repeats it is printed, the exit code is 1.
 */
import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"

const SEED_LIMIT = 2 ** 31
const ROUND_SECONDS_MAX = 600
const root = fileURLToPath(new URL("..", import.meta.url))
const vitest = fileURLToPath(new URL("../node_modules/vitest/vitest.mjs", import.meta.url))

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    seed: { type: "string" },
    runs: { type: "string", default: "300" },
  },
})
const seconds = Number(values.seconds)
const runs = Number(values.runs)
let seed = values.seed === undefined ? Math.floor(Math.random() * SEED_LIMIT) : Number(values.seed)
if (!(seconds > 0) || !Number.isInteger(seed) || !Number.isInteger(runs) || runs < 1) {
  console.error(
    "usage: npm run test:long -- --seconds N [--seed S] [--runs R]   (N > 0, S and R whole numbers)",
  )
  process.exit(2)
}

/** Runs the property tests once; gives the output when they fail, undefined when they pass. */
function round(seed) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [vitest, "run", "test/property"], {
      cwd: root,
      env: { ...process.env, SEED: String(seed), RUNS: String(runs) },
      stdio: ["ignore", "pipe", "pipe"],
      // A group of its own, so that a hanging worker of vitest is ended with it.
      detached: true,
    })
    let output = ""
    const collect = (chunk) => {
      output += chunk
    }
    child.stdout.on("data", collect)
    child.stderr.on("data", collect)
    const stop = (signal) => {
      try {
        process.kill(-child.pid, signal)
      } catch {
        // It has ended meanwhile.
      }
    }
    const timer = setTimeout(() => {
      output += `\nno end after ${ROUND_SECONDS_MAX} s`
      stop("SIGKILL")
    }, ROUND_SECONDS_MAX * 1000)
    const interrupt = () => {
      stop("SIGKILL")
      process.exit(130)
    }
    process.once("SIGINT", interrupt)
    process.once("SIGTERM", interrupt)
    child.on("close", (code) => {
      clearTimeout(timer)
      process.off("SIGINT", interrupt)
      process.off("SIGTERM", interrupt)
      resolve(code === 0 ? undefined : output)
    })
  })
}

const end = Date.now() + seconds * 1000
let rounds = 0
console.log(`property tests for ${seconds} s, ${runs} runs a property and round, first seed ${seed}`)
do {
  const started = Date.now()
  const failure = await round(seed)
  rounds++
  if (failure !== undefined) {
    console.log(failure)
    console.error(`failed in round ${rounds}. Replay: SEED=${seed} RUNS=${runs} npx vitest run test/property`)
    process.exit(1)
  }
  console.log(`seed ${seed}: passed in ${((Date.now() - started) / 1000).toFixed(1)} s`)
  seed = (seed + 1) % SEED_LIMIT
} while (Date.now() < end)
console.log(`${rounds} rounds passed`)
