/** What berkeley.ts has of bytes as text and of SHA-256, in plain JavaScript: for what runs on other engines too. */
import type { DbRecord } from "./berkeley.ts"

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => (byte + 0x100).toString(16).slice(1)).join("")
}

export function unhex(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length >> 1)
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16)
  return bytes
}

/** Unsigned bytes, the shorter first: the order of every database here. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const common = Math.min(a.length, b.length)
  for (let i = 0; i < common; i++) {
    const order = (a[i] as number) - (b[i] as number)
    if (order !== 0) return order
  }
  return a.length - b.length
}

/** The first 32 bits of the fractional parts of the `root`-th roots of the first primes. */
function primeRoots(count: number, root: number): Uint32Array {
  const words = new Uint32Array(count)
  for (let candidate = 2, found = 0; found < count; candidate++) {
    let divisor = 2
    while (divisor * divisor <= candidate && candidate % divisor !== 0) divisor++
    if (divisor * divisor > candidate) words[found++] = (candidate ** (1 / root) % 1) * 2 ** 32
  }
  return words
}

const ROUND_KEYS = primeRoots(64, 3)
const FIRST_STATE = primeRoots(8, 2)

/** SHA-256 of what update() was given, as hex. */
export class Sha256 {
  private readonly state = FIRST_STATE.slice()
  private readonly schedule = new Uint32Array(64)
  private readonly block = new Uint8Array(64)
  private readonly view = new DataView(this.block.buffer)
  private length = 0

  update(bytes: Uint8Array): this {
    for (const byte of bytes) {
      this.block[this.length++ & 63] = byte
      if ((this.length & 63) === 0) this.compress()
    }
    return this
  }

  digest(): string {
    const bits = this.length * 8
    this.update(new Uint8Array([0x80]))
    while ((this.length & 63) !== 56) this.update(new Uint8Array(1))
    const tail = new DataView(new ArrayBuffer(8))
    tail.setUint32(0, Math.floor(bits / 2 ** 32))
    tail.setUint32(4, bits >>> 0)
    this.update(new Uint8Array(tail.buffer))
    return Array.from(this.state, (word) => word.toString(16).padStart(8, "0")).join("")
  }

  private compress(): void {
    const { schedule: w, state } = this
    for (let i = 0; i < 16; i++) w[i] = this.view.getUint32(4 * i)
    for (let i = 16; i < 64; i++) {
      const early = w[i - 15] as number
      const late = w[i - 2] as number
      const s0 = rotate(early, 7) ^ rotate(early, 18) ^ (early >>> 3)
      const s1 = rotate(late, 17) ^ rotate(late, 19) ^ (late >>> 10)
      w[i] = ((w[i - 16] as number) + s0 + (w[i - 7] as number) + s1) | 0
    }
    let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number] // biome-ignore format: the eight words
    for (let i = 0; i < 64; i++) {
      const sum1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
      const one = (h + sum1 + ((e & f) ^ (~e & g)) + (ROUND_KEYS[i] as number) + (w[i] as number)) | 0
      const sum0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
      const two = (sum0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
      h = g
      g = f
      f = e
      e = (d + one) | 0
      d = c
      c = b
      b = a
      a = (one + two) | 0
    }
    const words = [a, b, c, d, e, f, g, h]
    for (let i = 0; i < 8; i++) state[i] = (state[i] as number) + (words[i] as number)
  }
}

function rotate(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits))
}

export function sha256(bytes: Uint8Array): string {
  return new Sha256().update(bytes).digest()
}

/** SHA-256 over, per record in order, u32le key length, key, u32le value length, value. */
export function recordsDigest(records: Iterable<DbRecord>): string {
  const hash = new Sha256()
  const length = new DataView(new ArrayBuffer(4))
  for (const record of records) {
    for (const part of record) {
      length.setUint32(0, part.length, true)
      hash.update(new Uint8Array(length.buffer)).update(part)
    }
  }
  return hash.digest()
}
