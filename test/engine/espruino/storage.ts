/** Reads an image of Espruino's Storage by its format (src/jsflash.c), as the interpreter does at a require(). */

const HEADER = 32

/** Gives the files by name; what was replaced (its name begins with a zero) is passed over. Throws where no interpreter would go on. */
export function readStorage(image: Uint8Array): Map<string, Uint8Array> {
  const view = new DataView(image.buffer, image.byteOffset, image.length)
  const files = new Map<string, Uint8Array>()
  let at = 0
  while (at + HEADER <= image.length) {
    const word = view.getUint32(at, true)
    if (word === 0xffffffff) break
    const size = word & 0xffffff
    const name = Buffer.from(image.subarray(at + 4, at + HEADER))
      .toString("latin1")
      .replace(/\0.*$/s, "")
    if (at + HEADER + size > image.length) throw new Error(`${name} of ${size} bytes ends outside the image`)
    if (name !== "") files.set(name, image.slice(at + HEADER, at + HEADER + size))
    at += (HEADER + size + 3) & ~3
  }
  for (; at < image.length; at++)
    if (image[at] !== 0xff) throw new Error(`byte ${at} after the files is not blank`)
  return files
}

/** Gives the bytes that Intel HEX describes, and where they begin; checks every line's sum. */
export function readIntelHex(text: string): { address: number; bytes: Uint8Array } {
  const parts: { address: number; data: Buffer }[] = []
  let upper = 0
  let ended = false
  for (const line of text.trim().split("\n")) {
    const bytes = Buffer.from(line.slice(1), "hex")
    if (line[0] !== ":" || ended || bytes.reduce((sum, byte) => sum + byte, 0) % 256 !== 0)
      throw new Error(`not a line of Intel HEX: ${line}`)
    const data = bytes.subarray(4, 4 + (bytes[0] as number))
    if (bytes[3] === 0) parts.push({ address: upper * 65536 + bytes.readUInt16BE(1), data })
    else if (bytes[3] === 4) upper = data.readUInt16BE(0)
    else if (bytes[3] === 1) ended = true
    else throw new Error(`record type ${bytes[3]}`)
  }
  if (!ended) throw new Error("no end record")
  const address = Math.min(...parts.map((part) => part.address))
  const end = Math.max(...parts.map((part) => part.address + part.data.length))
  const bytes = new Uint8Array(end - address).fill(0xff)
  for (const part of parts) bytes.set(part.data, part.address - address)
  return { address, bytes }
}
