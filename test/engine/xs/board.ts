/**
 * Runs modules in a machine that has a board's memory: host/, compiled from the XS sources of @agoric/xsnap. A 64-bit program counts
 * a slot as the 16 bytes of a board and has larger chunk headers, so what fits in it fits on the board; a 32-bit one is exact.
 */
import { spawnSync } from "node:child_process"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { CACHE, compile, XSNAP } from "./sources.ts"

/** The memory that Moddable's manifests give to XS (`creation`); with an arena, slots and chunks begin small and grow in it. */
export interface Board {
  name: string
  chunkBytes: number
  slots: number
  stack: number
  arena: number
}

/** What the manifests of boards/ set: the SDK's 384 for an ESP32-C3 and 256 for an ESP8266 are less than the deepest calls take. */
const STACK = 544

/** As the SDK has it, its stack too. */
export const ESP32: Board = { name: "ESP32", chunkBytes: 78_848, slots: 4928, stack: 512, arena: 0 }
export const ESP32C3: Board = { name: "ESP32-C3", chunkBytes: 1536, slots: 512, stack: STACK, arena: 94_208 }
export const ESP8266: Board = { name: "ESP8266", chunkBytes: 1536, slots: 512, stack: STACK, arena: 32_768 }

/** What the host prints at the end. */
export interface Report<Result> {
  slotBytes: number
  /** Slots reserved, in use at most, and in use after a collection at most (the last as far as the module measured). */
  slots: number
  peakSlots: number
  liveSlots: number
  chunkBytes: number
  peakChunkBytes: number
  liveChunkBytes: number
  stack: number
  peakStack: number
  /** Preloaded objects and variables that were written, each copied to RAM at its first write. */
  aliases: number
  /** Slots that a mod took when it was imported. */
  modSlots: number
  /** Why XS ended the machine (fxAbort), or "". */
  abort: string
  result: Result
}

/** How this machine runs a program of so many bits, or undefined when it cannot. */
export interface Runner {
  bits: 32 | 64
  command: string[]
  emulated: boolean
}

function compileHost(bits: 32 | 64): string {
  const out = join(CACHE, `host${bits}`)
  const variables = [`XS=${join(XSNAP, "moddable/xs")}`, `OUT=${out}`, ...(bits === 32 ? ["WORD=-m32"] : [])]
  const folder = fileURLToPath(new URL("host", import.meta.url))
  compile(`host${bits}.lock`, "make", ["-s", "-j2", "-f", "Makefile", ...variables], folder)
  return join(out, "host")
}

/** Compiles the host as a program of 64 bits. */
export function runner64(): Runner {
  return { bits: 64, command: [compileHost(64)], emulated: false }
}

/** Compiles it as one of 32 bits; qemu-i386 runs it where the kernel does not. @throws Error that says what to install */
export function runner32(): Runner {
  const probe = spawnSync("cc", ["-m32", "-x", "c", "-", "-o", "/dev/null"], {
    input: "#include <stdio.h>\nint main(){}",
  })
  if (probe.status !== 0) throw new Error("no 32-bit C: apt-get install gcc-multilib")
  const host = compileHost(32)
  if (spawnSync(host).status === EX_USAGE) return { bits: 32, command: [host], emulated: false }
  if (spawnSync("qemu-i386", [host]).status !== EX_USAGE)
    throw new Error("this kernel runs no 32-bit programs: apt-get install qemu-user")
  return { bits: 32, command: ["qemu-i386", host], emulated: true }
}

const EX_USAGE = 64
const RUN_MILLISECONDS_MAX = 300_000

/** Calls main(argument) of the module with the board's memory, after the import of `mod` if there is one; `flash`: a file with the flash. @throws Error with what it threw */
export function runOnBoard<Result>(
  { command }: Runner,
  board: Board,
  module: string,
  argument: unknown,
  mod?: string,
  flash?: string,
): Report<Result> & { callers: string } {
  const { chunkBytes, slots, stack, arena } = board
  const [program, ...before] = command as [string, ...string[]]
  const limits = [chunkBytes, slots, stack, arena].map(String)
  const { stdout, stderr, status, signal } = spawnSync(
    program,
    [...before, ...limits, JSON.stringify(argument), module, ...(mod === undefined ? [] : [mod])],
    {
      encoding: "utf8",
      timeout: RUN_MILLISECONDS_MAX,
      killSignal: "SIGKILL",
      env: { ...process.env, ...(flash === undefined ? {} : { FLASH_IMAGE: flash }) },
    },
  )
  if (status !== 0) throw new Error(`${board.name}: ${stderr.trim()} (${signal ?? status})`)
  return { ...(JSON.parse(stdout) as Report<Result>), callers: stderr.trim() }
}
