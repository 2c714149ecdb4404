/** stat(), check() and salvage() of "btree-extras": the module "btree-check" is asked for at each call and dropped again. */
import type { BTree } from "../../src/btree/index.ts"

declare const Modules: { removeCached(name: string): void }

const CHECKING = "btree-check"

/** Gives the method of that name. Each takes one argument at the most. */
function later(name: string) {
  return function (this: BTree, argument: unknown) {
    const method = require(CHECKING)(require("btree"))[name]
    Modules.removeCached(CHECKING)
    return method.call(this, argument)
  }
}

export const check = later("check")
export const salvage = later("salvage")
export const stat = later("stat")
