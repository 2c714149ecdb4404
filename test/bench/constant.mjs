/**
 * Lookups a second in a constant database, in memory, beside what stx-cbtreedb itself was measured at: the same 100,000 keys and values.
 *
 *   node test/bench/constant.mjs            (after npm run build; three rounds, the best one)
 *
 * The original's figures are those of its own benchmark on an in-memory file system, on another day and machine: an order of magnitude, no race.
 */
import { cpus } from "node:os"
import { constant, MemoryStream } from "flashtree"

const COUNT = 100_000
const ROUNDS = 3
const THOUSAND = 1000

const kinds = {
  "u32, 256": {
    key: constant.uint32,
    pagesize: 256,
    keyOf: (i) => 37 * i + 5,
    original: "155k, 152k, 680k, 3.5M",
  },
  "u32, 1024": {
    key: constant.uint32,
    pagesize: 1024,
    keyOf: (i) => 37 * i + 5,
    original: "131k, 281k, 857k, 3.9M",
  },
  "u64, 1024": {
    key: constant.uint64,
    pagesize: 1024,
    keyOf: (i) => BigInt(i) * 0x100000001n + 7n,
    original: "90k, 128k, 386k, 2.5M",
  },
}

/** Operations a second, in thousands: the best round. */
function rate(operations, action) {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now()
    action()
    best = Math.min(best, performance.now() - start)
  }
  return `${Math.round(operations / best)}k`
}

console.log(`${cpus()[0]?.model}, Node ${process.version}; ${COUNT} keys, values of 0 to 7 bytes`)
for (const [name, { key, pagesize, keyOf, original }] of Object.entries(kinds)) {
  const keys = Array.from({ length: COUNT }, (_, i) => keyOf(i))
  const values = keys.map((_, i) => new Uint8Array((7919 * i) % 8).fill(i))
  const stream = new MemoryStream()
  const write = rate(COUNT, () => {
    const writer = new constant.SequentialWriter({ key, pagesize })
    for (let i = 0; i < COUNT; i++) writer.add(keys[i], values[i].length)
    writer.writeHeader(stream)
    for (let i = 0; i < COUNT; i++) writer.writeValue(keys[i], values[i])
    writer.writeFinalize()
  })
  const target = new Uint8Array(8)
  const found = []
  for (const cache of [undefined, 16, 4096, 4099]) {
    const pages = cache === undefined ? {} : { cache: new constant.PageCache(cache) }
    const reader = new constant.Reader({ key, pagesize, ...pages })
    reader.open(stream)
    const lookups = rate(COUNT, () => {
      for (let i = 0; i < COUNT; i++)
        if (reader.lookupInto(keys[(i * 7919) % COUNT], target) < 0) throw new Error("a key is missing")
    })
    found.push(`${cache ?? "no"} pages ${lookups}`)
    if (cache === 16) {
      const ascending = rate(COUNT, () => {
        for (let i = 0; i < COUNT; i++) reader.lookupInto(keys[i], target)
      })
      found.push(`ascending ${ascending}`)
    }
  }
  console.log(`${name}: random lookups/s ${found.join(", ")}; ${write} keys written`)
  console.log(`  stx-cbtreedb: no cache, 16 pages, ascending, written: ${original}`)
  if (stream.size() < THOUSAND) throw new Error("nothing was written")
}
