/** A hex dump: sixteen bytes a line, equal lines folded into one `*`. */

const LINE_SIZE = 16

/** Gives the lines of `bytes`; offsets begin at `origin`. */
export function hexLines(bytes: Uint8Array, origin = 0): string[] {
  const lines: string[] = []
  let before = ""
  for (let at = 0; at < bytes.length; at += LINE_SIZE) {
    const row = bytes.subarray(at, at + LINE_SIZE)
    const hex = Array.from(row, (byte) => byte.toString(16).padStart(2, "0")).join(" ")
    const isLast = at + LINE_SIZE >= bytes.length
    if (hex === before && !isLast) {
      if (lines.at(-1) !== "*") lines.push("*")
      continue
    }
    before = hex
    const text = Array.from(row, (byte) =>
      byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".",
    ).join("")
    lines.push(`${(origin + at).toString().padStart(6)}  ${hex.padEnd(LINE_SIZE * 3 - 1)}  ${text}`)
  }
  return lines
}
