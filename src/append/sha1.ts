/** SHA-1 (FIPS 180-4) of the one length that a commit record needs: 48 bytes, which with their padding are one block. */

/** Gives the five words of the SHA-1 of bytes [at, at + 48) in `words`, an array of 16 numbers or more. Allocates nothing. */
export function hashContent(view: DataView, at: number, words: number[]): void {
  for (let i = 0; i < 12; i++) words[i] = view.getInt32(at + i * 4)
  words[12] = 0x80000000 | 0
  words[13] = words[14] = 0
  words[15] = 384
  let a = 0x67452301
  let b = 0xefcdab89 | 0
  let c = 0x98badcfe | 0
  let d = 0x10325476
  let e = 0xc3d2e1f0 | 0
  for (let t = 0; t < 80; t++) {
    const slot = t & 15
    let word = words[slot]
    if (t > 15) {
      word ^= words[(t + 13) & 15] ^ words[(t + 8) & 15] ^ words[(t + 2) & 15]
      word = (word << 1) | (word >>> 31)
      words[slot] = word
    }
    const mixed =
      t < 20
        ? (d ^ (b & (c ^ d))) + 0x5a827999
        : t < 40
          ? (b ^ c ^ d) + 0x6ed9eba1
          : t < 60
            ? ((b & c) | (d & (b | c))) + 0x8f1bbcdc
            : (b ^ c ^ d) + 0xca62c1d6
    const next = (((a << 5) | (a >>> 27)) + mixed + e + word) | 0
    e = d
    d = c
    c = (b << 30) | (b >>> 2)
    b = a
    a = next
  }
  words[0] = (a + 0x67452301) | 0
  words[1] = (b + 0xefcdab89) | 0
  words[2] = (c + 0x98badcfe) | 0
  words[3] = (d + 0x10325476) | 0
  words[4] = (e + 0xc3d2e1f0) | 0
}
