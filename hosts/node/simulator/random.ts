/** The simulator's only source of chance: the same seeds give the same numbers everywhere. */

function mix(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x21f0aaad)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
  return (mixed ^ (mixed >>> 15)) >>> 0
}

/** Gives a generator of 32-bit numbers from 0 that depends on all `seeds`. */
export function makeRandom(...seeds: number[]): () => number {
  let state = 0x9e3779b9
  for (const seed of seeds) state = mix(state ^ seed) + 0x9e3779b9
  return () => {
    state = (state + 0x9e3779b9) >>> 0
    return mix(state)
  }
}
