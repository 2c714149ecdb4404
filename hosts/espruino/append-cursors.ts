/** Cursors of "append" are the module "append-cursors", asked for when the first one is made; it adds its class to what "append" exports. */
import type { AppendCursor, AppendTree, Transaction } from "../../src/append/index.ts"

type Class = new (tree: AppendTree, txn: Transaction | null) => AppendCursor

/** The module "append" itself. */
declare const exports: { AppendCursor?: Class }
declare const Modules: { removeCached(name: string): void }

const CURSORS = "append-cursors"

export function makeCursor(tree: AppendTree, txn: Transaction | null): AppendCursor {
  if (exports.AppendCursor === undefined) {
    require(CURSORS)(exports)
    Modules.removeCached(CURSORS)
  }
  return new (exports.AppendCursor as Class)(tree, txn)
}
