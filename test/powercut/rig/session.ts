/** A session: a btree on a volume on a simulated chip, which knows what must be durable. */
import type { SimulatedFlash } from "../../../hosts/node/node.ts"
import type * as flash from "../../../src/flash/index.ts"
import { btree } from "../../../src/index.ts"
import { type Geometry, openVolume } from "./chip.ts"
import { Stops } from "./cutting.ts"
import { type BTree, differenceFrom, keyOf, recordValue, type State } from "./records.ts"

export class Session {
  readonly geometry: Geometry
  readonly device: Stops
  volume!: flash.FlashVolume
  tree!: BTree
  /** What the last flush left, and what the handle shows. */
  durable: State
  pending: Map<number, number>
  /** More states that a cut may leave now: that which is being flushed, the volume before a format. */
  alsoAllowed: State[] = []
  /** Every state that was ever durable in this session. */
  history: State[] = []

  constructor(geometry: Geometry, chip: SimulatedFlash, durable: State = new Map()) {
    this.geometry = geometry
    this.device = new Stops(chip)
    this.durable = durable
    this.pending = new Map(durable)
  }

  open(options?: flash.FlashOpenOptions): this {
    this.volume = openVolume(this.device, this.geometry, options)
    this.tree = this.openTree()
    return this
  }

  openTree(cachesize = this.geometry.cachesize ?? 4096): BTree {
    const pagesize = this.geometry.treePagesize ?? this.geometry.pagesize ?? 512
    return btree.open(this.volume, { pagesize, cachesize })
  }

  /** The states that may be found after a cut now. */
  allowed(): State[] {
    return [this.durable, ...this.alsoAllowed]
  }

  set(k: number, version: number): void {
    this.tree.set(keyOf(k), recordValue(k, version))
    this.pending.set(k, version)
  }

  delete(k: number): void {
    const found = this.tree.delete(keyOf(k))
    if (found !== this.pending.delete(k)) throw new Error(`delete of ${keyOf(k)} says ${found}`)
  }

  deleteRange(from: number, to: number): void {
    const first = Math.max(from, 0)
    const end = Math.max(to, 0)
    const count = this.tree.deleteRange(keyOf(first), keyOf(end))
    let expected = 0
    for (let k = first; k < end; k++) if (this.pending.delete(k)) expected++
    if (count !== expected) throw new Error(`deleteRange says ${count}, not ${expected}`)
  }

  flush(): void {
    this.alsoAllowed.push(new Map(this.pending))
    this.tree.flush()
    this.durable = this.alsoAllowed.pop() as State
    this.history.push(this.durable)
    this.alsoAllowed = []
  }

  put(k: number, version: number): void {
    this.set(k, version)
    this.flush()
  }

  rollback(): void {
    this.tree.rollback()
    this.pending = new Map(this.durable)
  }

  /** Drops both handles without a flush, and opens anew. */
  drop(options?: flash.FlashOpenOptions): void {
    this.volume.close()
    this.pending = new Map(this.durable)
    this.open(options)
  }

  /**
   * Throws unless the flash holds one of `states` (nothing unflushed may be pending) and tree and volume are sound; gives that
   * state. Looks with a tree of its own, whose cache takes all.
   */
  expectOneOf(states: State[]): State {
    const differences: string[] = []
    const tree = this.openTree(1 << 17)
    let found: State | undefined
    for (const state of states) {
      const difference = differenceFrom(tree, state)
      if (difference === "") {
        found = state
        break
      }
      differences.push(difference)
    }
    if (found === undefined) {
      throw new Error(`wrong state: the tree ${differences.map((text) => `[${text}]`).join(" and ")}`)
    }
    expectSound("tree", tree.check())
    expectSound("volume", this.volume.check())
    return found
  }
}

function expectSound(what: string, findings: { message: string }[]): void {
  if (findings.length === 0) return
  throw new Error(`${findings.length} findings of the ${what}'s check, first: ${findings[0]?.message}`)
}
