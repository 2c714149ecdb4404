/**
 * The side of worker.ts that runs on XS: a request is u32le length, JSON { name, argument }, bytes; the answer is the
 * JSON of what the command of that name gives.
 */

import "./globals.ts"

/** What a test may ask for by name. `bytes` is the rest of the request. */
export type Command = (argument: never, bytes: Uint8Array) => unknown

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Makes the commands callable from outside. */
export function serve(commands: Record<string, Command>): void {
  const handleCommand = (request: ArrayBuffer): ArrayBuffer => {
    const length = new DataView(request).getUint32(0, true)
    const { name, argument } = JSON.parse(decoder.decode(new Uint8Array(request, 4, length)))
    const command = commands[name]
    if (command === undefined) throw new Error(`no command ${name}`)
    const result = command(argument as never, new Uint8Array(request.slice(4 + length)))
    return encoder.encode(JSON.stringify(result ?? null)).buffer as ArrayBuffer
  }
  Object.assign(globalThis, { handleCommand })
}
