/**
 * Images of Espruino's Storage, for a programmer to write beside the firmware. Format (Espruino's src/jsflash.c): files one after
 * another, each a header of 32 bytes (u32 little-endian: length in the low 24 bits, flags in the high 8; the name in 28 bytes,
 * padded with zeros), its bytes, and 0xff up to the next multiple of 4. What is free is 0xff.
 */
const HEADER = 32
const NAME_SIZE = 28
const ALIGNMENT = 4
const ERASED = 0xff

/** Gives the image of `files` ({ name: Uint8Array }), whole erase pages of `pagesize` bytes. */
export function storageImage(files, pagesize) {
  const parts = []
  let end = 0
  for (const [name, data] of Object.entries(files)) {
    if (!/^[\x21-\x7e]{1,28}$/.test(name))
      throw new Error(`"${name}": a name has 1 to ${NAME_SIZE} ASCII characters`)
    if (data.length === 0 || data.length >= 1 << 24)
      throw new Error(`${name}: ${data.length} bytes do not fit a file`)
    const header = Buffer.alloc(HEADER)
    header.writeUInt32LE(data.length, 0)
    header.write(name, 4, "latin1")
    const padding = Buffer.alloc(-data.length & (ALIGNMENT - 1), ERASED)
    parts.push(header, Buffer.from(data), padding)
    end += HEADER + data.length + padding.length
  }
  parts.push(Buffer.alloc(Math.ceil(end / pagesize) * pagesize - end, ERASED))
  return Buffer.concat(parts)
}

/** Gives `image` as Intel HEX for `address`: 16 bytes a line, an extended linear address where the upper 16 bits change. */
export function intelHex(image, address) {
  const lines = []
  let upper = -1
  for (let offset = 0; offset < image.length; offset += 16) {
    const at = address + offset
    if (at >>> 16 !== upper) {
      upper = at >>> 16
      lines.push(hexLine(4, 0, Buffer.from([upper >> 8, upper & 0xff])))
    }
    lines.push(hexLine(0, at & 0xffff, image.subarray(offset, offset + 16)))
  }
  lines.push(hexLine(1, 0, Buffer.alloc(0)))
  return `${lines.join("\n")}\n`
}

function hexLine(type, address, data) {
  const bytes = Buffer.from([data.length, address >> 8, address & 0xff, type, ...data, 0])
  const sum = bytes.reduce((total, byte) => total + byte, 0)
  bytes[bytes.length - 1] = -sum & 0xff
  return `:${bytes.toString("hex").toUpperCase()}`
}
