/** The entry "flashtree/btree" under Node. */
import "../iteration.ts"

export * from "../../src/btree/index.ts"
