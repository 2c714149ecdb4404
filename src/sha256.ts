/**
 * SHA-256 (FIPS 180-4), for engines without one of their own; where a host has one, rollup.config.mjs puts that in the place of this
 * file. Nothing here allocates or does work when the module is loaded.
 */

/** Bytes of a digest. */
export const DIGEST_SIZE = 32

const BLOCK = 64

// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
const ROUNDS: readonly number[] = [
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
  0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
  0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8,
  0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
  0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
  0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
  0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
  0xc67178f2,
]

// The same of the square roots of the first eight primes.
const START: readonly number[] = [
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
]

/** A digest being made. Holds 384 bytes besides the handle. */
export class Sha256 {
  declare _state: Int32Array
  declare _words: Int32Array
  declare _block: Uint8Array
  declare _used: number
  declare _length: number

  constructor() {
    this._state = new Int32Array(8)
    this._words = new Int32Array(BLOCK)
    this._block = new Uint8Array(BLOCK)
    this._used = this._length = 0
    for (let i = 0; i < 8; i++) this._state[i] = START[i]
  }

  /** Takes `bytes[start, end)`. Allocates nothing. */
  update(bytes: Uint8Array, start: number, end: number): void {
    const block = this._block
    let used = this._used
    this._length += end - start
    for (let i = start; i < end; i++) {
      block[used++] = bytes[i]
      if (used === BLOCK) {
        mix(this)
        used = 0
      }
    }
    this._used = used
  }

  /** Gives the 32 bytes of the digest, and ends it. */
  digest(): Uint8Array {
    const block = this._block
    let used = this._used
    block[used++] = 0x80
    if (used > BLOCK - 8) {
      block.fill(0, used, BLOCK)
      mix(this)
      used = 0
    }
    block.fill(0, used, BLOCK)
    const view = new DataView(block.buffer)
    view.setUint32(BLOCK - 8, Math.floor(this._length / 0x20000000))
    view.setUint32(BLOCK - 4, (this._length % 0x20000000) * 8)
    mix(this)
    const result = new Uint8Array(DIGEST_SIZE)
    const out = new DataView(result.buffer)
    for (let i = 0; i < 8; i++) out.setInt32(4 * i, this._state[i])
    return result
  }
}

/** Mixes the block into the state. */
function mix(hash: Sha256): void {
  const words = hash._words
  const block = hash._block
  const state = hash._state
  for (let i = 0; i < 16; i++) {
    const at = 4 * i
    words[i] = (block[at] << 24) | (block[at + 1] << 16) | (block[at + 2] << 8) | block[at + 3]
  }
  for (let i = 16; i < BLOCK; i++) {
    const a = words[i - 15]
    const b = words[i - 2]
    const s0 = ((a >>> 7) | (a << 25)) ^ ((a >>> 18) | (a << 14)) ^ (a >>> 3)
    const s1 = ((b >>> 17) | (b << 15)) ^ ((b >>> 19) | (b << 13)) ^ (b >>> 10)
    words[i] = words[i - 16] + s0 + words[i - 7] + s1
  }
  let a = state[0]
  let b = state[1]
  let c = state[2]
  let d = state[3]
  let e = state[4]
  let f = state[5]
  let g = state[6]
  let h = state[7]
  for (let i = 0; i < BLOCK; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))
    const one = (h + s1 + ((e & f) ^ (~e & g)) + ROUNDS[i] + words[i]) | 0
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))
    const two = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
    h = g
    g = f
    f = e
    e = (d + one) | 0
    d = c
    c = b
    b = a
    a = (one + two) | 0
  }
  state[0] += a
  state[1] += b
  state[2] += c
  state[3] += d
  state[4] += e
  state[5] += f
  state[6] += g
  state[7] += h
}
