import { PowerCut } from "./errors.ts"

/** The supply of one or more simulated files: it fails during change number `cutAt`, from 0, or never. */
export class SimulatedPower {
  /** Changes begun so far: writes, size changes, flushes. */
  changes = 0
  cut = false
  cutAt: number

  constructor(cutAt = Number.POSITIVE_INFINITY) {
    this.cutAt = cutAt
  }

  /**
   * Counts a change; true: the power fails while it is made.
   * @throws PowerCut when it is off already
   */
  next(): boolean {
    this.check()
    this.cut = this.changes++ === this.cutAt
    return this.cut
  }

  /** @throws PowerCut when the power is off */
  check(): void {
    if (this.cut) throw new PowerCut("the power is off")
  }
}
