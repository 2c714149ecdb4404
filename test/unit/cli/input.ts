/** Inputs for the text readers: bytes handed out in pieces, records gathered. */
import { LineReader } from "../../../hosts/node/cli/support/lines.ts"
import type { RecordSource } from "../../../hosts/node/cli/support/records.ts"

/** Gives the bytes of `text`, each char code one byte. */
export function latin1(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "latin1"))
}

/** Gives a reader that gets at most `pieceSize` bytes of `input` at a time. */
export function linesOf(input: Uint8Array | string, pieceSize = 7): LineReader {
  const bytes = typeof input === "string" ? new TextEncoder().encode(input) : input
  let position = 0
  return new LineReader((target) => {
    const piece = bytes.subarray(position, position + Math.min(pieceSize, target.length))
    target.set(piece)
    position += piece.length
    return piece.length
  })
}

/** Gives the records with keys and values as text, a char code for each byte. */
export function gather(source: RecordSource): [string, string][] {
  return [...source.records].map(({ key, value }) => [toLatin1(key), toLatin1(value)])
}

/** Gives the message of what `action` throws. */
export function messageOf(action: () => unknown): string {
  try {
    action()
  } catch (error) {
    return (error as Error).message
  }
  return "nothing thrown"
}

function toLatin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1")
}
