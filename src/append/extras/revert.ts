/** revert(), and what it means for the snapshots that there are. */
import { refuse } from "../../errors.ts"
import { revertCommit } from "../opening/index.ts"
import type { Transaction } from "../transaction.ts"
import type { AppendTree } from "../tree.ts"

export function revert(this: AppendTree): void {
  // Whatever keeps a transaction from writing is said.
  this.begin().abort()
  revertCommit(this)
}

/** Refuses a snapshot whose commit was reverted since it was made or used; it stays refused. */
export function refuseReverted(this: AppendTree, txn: Transaction): void {
  const cuts = this._cuts
  for (let i = txn._cuts.length; i < cuts.length; i++)
    if (txn._end > cuts[i]) refuse("ESTALE", "the commit that this snapshot reads has been reverted")
  txn._cuts = cuts
}
