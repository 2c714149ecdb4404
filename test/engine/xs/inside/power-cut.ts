/**
 * A database on a volume on the simulated chip, cut at every program operation and every erase of some durable puts; a smaller
 * sister of test/powercut. After a cut the chip boots, and holds the last flushed state or the one being flushed, whole.
 */
import "./structured-clone.ts"
import { PowerCut } from "../../../../hosts/node/simulator/errors.ts"
import type { CutMode } from "../../../../hosts/node/simulator/medium.ts"
import { SimulatedFlash } from "../../../../hosts/node/simulator/simulated-flash.ts"
import { type BTree, open as openTree } from "../../../../src/btree/index.ts"
import { open as openVolume } from "../../../../src/flash/index.ts"
import { makeRandom } from "../../../support/streams.ts"
import { serve } from "./commands.ts"

interface Run {
  writeAlign: number
  encrypted: boolean
  /** Records, of which updates choose one. */
  keys: number
  /** Durable updates before the cuts begin, so that cleaning is a part of daily work. */
  warmUp: number
  /** Durable updates from there on; those that erase are cut, and of the others one in EVERY. */
  puts: number
  modes: CutMode[]
}

const EVERY = 10

/** Key number to version. */
type State = number[]

function keyFor(k: number): string {
  return `cfg/item/${String(k).padStart(7, "0")}`
}

function valueFor(k: number, version: number): Uint8Array {
  const random = makeRandom(k * 65_537 + version)
  return Uint8Array.from({ length: 32 }, () => random(256))
}

function open(chip: SimulatedFlash) {
  const volume = openVolume(chip, { pagesize: 512 })
  return { volume, tree: openTree(volume, { pagesize: 512, cachesize: 4096 }) }
}

function put(tree: BTree, state: State, k: number, version: number): void {
  tree.set(keyFor(k), valueFor(k, version))
  tree.flush()
  state[k] = version
}

function holds(tree: BTree, state: State): boolean {
  return (
    tree.stat().entries === state.length &&
    state.every((version, k) => String(tree.get(keyFor(k))) === String(valueFor(k, version)))
  )
}

/** Cuts `put(k, version)` at its `cut`-th operation on a fork; gives false when it has no such operation. */
function cutOnce(
  chip: SimulatedFlash,
  before: State,
  k: number,
  version: number,
  cut: number,
  mode: CutMode,
): boolean {
  const fork = chip.fork()
  const session = open(fork)
  fork.cutAfter(cut, mode)
  try {
    put(session.tree, before.slice(), k, version)
    return false
  } catch (error) {
    if (!(error instanceof PowerCut)) throw error
  }
  const after = before.slice()
  after[k] = version
  const booted = fork.reboot()
  const { volume, tree } = open(booted)
  const found = [before, after].find((state) => holds(tree, state))
  const findings = [...tree.check(), ...volume.check()]
  const where = `cut ${cut} (${mode}) of the put of ${keyFor(k)}, version ${version}`
  if (found === undefined) throw new Error(`${where}: neither the state before nor the one after`)
  if (findings.length > 0) throw new Error(`${where}: ${findings[0]?.message}`)
  const state = found.slice()
  for (let i = 0; i < 5; i++) put(tree, state, (k + i) % state.length, version + 1 + i)
  if (!holds(open(booted.reboot()).tree, state)) throw new Error(`${where}: later puts are lost`)
  return true
}

serve({
  run({ writeAlign, encrypted, keys, warmUp, puts, modes }: Run) {
    const chip = new SimulatedFlash({ size: 32_768, writeAlign, encrypted })
    const { tree } = open(chip)
    const random = makeRandom(writeAlign)
    const state: State = []
    for (let k = 0; k < keys; k++) put(tree, state, k, 0)
    for (let version = 1; version <= warmUp; version++) put(tree, state, random(keys), version)
    let points = 0
    let erasing = 0
    for (let version = warmUp + 1; version <= warmUp + puts; version++) {
      const k = random(keys)
      const chipBefore = chip.fork()
      const before = state.slice()
      const { erases } = chip.counters
      put(tree, state, k, version)
      const erased = chip.counters.erases > erases
      if (erased) erasing++
      else if (version % EVERY !== 0) continue
      for (const mode of modes) {
        for (let cut = 0; cutOnce(chipBefore, before, k, version, cut, mode); cut++) points++
      }
    }
    return { points, erasing }
  },
})
