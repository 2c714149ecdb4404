/** Making a cursor: a host may put something else here, to have the class only where it is used. */
import type { Transaction } from "../transaction.ts"
import type { AppendTree } from "../tree.ts"
import { AppendCursor } from "./cursor.ts"

/** Gives a cursor of a transaction, or with null of the tree itself. */
export function makeCursor(tree: AppendTree, txn: Transaction | null): AppendCursor {
  return new AppendCursor(tree, txn)
}
