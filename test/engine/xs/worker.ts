/**
 * A process that runs JavaScript on XS: the worker of @agoric/xsnap, driven with netstrings (`<length>:<bytes>,`) over
 * its file descriptors 3 (to it) and 4 (from it). A request is a letter and its text; the answer to one is `.`, the
 * meters as JSON, a byte 1 and the payload, or `!` and the text of an error. One request at a time.
 */
import { type ChildProcess, spawn } from "node:child_process"
import type { Readable, Writable } from "node:stream"
import { workerPath } from "./sources.ts"

/** What the worker counts. */
export interface Meters {
  /** Slots in use; without a collection in between, the difference of two answers is the slots that were allocated. */
  currentHeapCount: number
  /** Byte codes run by this request; the work of native functions is not in it. */
  compute: number
}

export interface Answer {
  /** The bytes of the completion value when that is an ArrayBuffer, else none. */
  payload: Uint8Array
  meters: Meters
}

const EXITS: Record<number, string> = {
  1: "it was called wrongly",
  2: "its pipe broke",
  11: "XS ran out of memory",
  12: "the stack of XS overflowed",
  15: "an exception was not caught",
  16: "XS ran out of property keys",
  17: "the metering limit was exceeded",
}

/** Says in words how the worker ended. */
export function describeExit(code: number | null, signal: string | null): string {
  if (signal !== null) return `the XS worker was killed by ${signal}`
  return `the XS worker ended with ${code}: ${EXITS[code as number] ?? "the code has no known meaning"}`
}

interface Waiting {
  resolve(message: Uint8Array): void
  reject(error: Error): void
}

export class Worker {
  private readonly child: ChildProcess
  private received: Buffer = Buffer.alloc(0)
  private waiting: Waiting | undefined
  private ended: Error | undefined

  /** Starts a worker; a request that computes more than `computeLimit` units ends it with code 17. */
  constructor(computeLimit = 0) {
    const args = computeLimit > 0 ? ["-l", String(computeLimit)] : []
    this.child = spawn(workerPath(), args, { stdio: ["ignore", "inherit", "inherit", "pipe", "pipe"] })
    this.input().on("error", () => {}) // a worker that has ended says so by its exit code
    ;(this.child.stdio[4] as Readable).on("data", (bytes: Buffer) => {
      this.received = Buffer.concat([this.received, bytes])
      this.deliver()
    })
    this.child.on("error", (error) => this.end(error))
    process.once("exit", () => this.kill()) // also when a test was given up while XS computes
    this.child.on("close", (code, signal) => this.end(new Error(describeExit(code, signal))))
  }

  /** Evaluates a script. @throws Error with the text of what it threw, or that tells how the worker ended */
  evaluate(code: string): Promise<Answer> {
    return this.request("e", Buffer.from(code))
  }

  /** Evaluates the module in a file; what it imports is found relative to it. @throws as evaluate */
  module(path: string): Promise<Answer> {
    return this.request("m", Buffer.from(path))
  }

  /** Calls the script's `handleCommand` with the bytes as an ArrayBuffer. @throws as evaluate */
  command(bytes: Uint8Array): Promise<Answer> {
    return this.request("?", bytes)
  }

  /** Calls `commands[name](argument, bytes)` of a bundle of inside/ and gives its result, which goes through JSON. */
  async call<T>(name: string, argument: unknown = null, bytes = new Uint8Array(0)): Promise<T> {
    const { result } = await this.meteredCall<T>(name, argument, bytes)
    return result
  }

  /** Like call; gives the meters of the request too. */
  async meteredCall<T>(name: string, argument: unknown = null, bytes = new Uint8Array(0)) {
    const head = Buffer.from(JSON.stringify({ name, argument }))
    const length = Buffer.alloc(4)
    length.writeUInt32LE(head.length)
    const { payload, meters } = await this.command(Buffer.concat([length, head, bytes]))
    return { result: JSON.parse(Buffer.from(payload).toString()) as T, meters }
  }

  /** Frees what is not used any more, so that no collection falls into the next requests. */
  async collect(): Promise<void> {
    await this.evaluate("gc()")
  }

  /** Ends the worker whatever it does. */
  kill(): void {
    this.child.kill("SIGKILL")
  }

  /** Asks the worker to end; gives its exit code (15 after a script that threw). */
  quit(): Promise<number | null> {
    return new Promise((resolve) => {
      if (this.ended !== undefined) return resolve(this.child.exitCode)
      this.child.once("close", resolve)
      this.input().write("1:q,")
    })
  }

  private input(): Writable {
    return this.child.stdio[3] as Writable
  }

  private async request(letter: string, body: Uint8Array): Promise<Answer> {
    const message = await new Promise<Uint8Array>((resolve, reject) => {
      if (this.waiting !== undefined) throw new Error("the XS worker takes one request at a time")
      this.waiting = { resolve, reject }
      this.input().write(Buffer.concat([Buffer.from(`${body.length + 1}:${letter}`), body, Buffer.from(",")]))
      this.deliver()
    })
    const text = Buffer.from(message.buffer, message.byteOffset, message.length)
    if (message[0] === 0x21)
      throw new Error(text.toString("utf8", 1) || "the module threw: see the worker's output")
    const end = text.indexOf(1)
    return {
      meters: JSON.parse(text.toString("latin1", 1, end)) as Meters,
      payload: message.subarray(end + 1),
    }
  }

  /** Hands a whole message, or the end of the worker, to the request that waits for it. */
  private deliver(): void {
    if (this.waiting === undefined) return
    const colon = this.received.indexOf(0x3a)
    const start = colon + 1
    const length = colon < 0 ? 0 : Number(this.received.toString("latin1", 0, colon))
    const waiting = this.waiting
    if (colon >= 0 && this.received.length > start + length) {
      this.waiting = undefined
      const message = this.received.subarray(start, start + length)
      this.received = this.received.subarray(start + length + 1)
      waiting.resolve(message)
    } else if (this.ended !== undefined) {
      this.waiting = undefined
      waiting.reject(this.ended)
    }
  }

  private end(reason: Error): void {
    this.ended ??= reason
    this.deliver()
  }
}
