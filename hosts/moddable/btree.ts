/** The entry "flashtree/btree" on Moddable. */
import "../iteration.ts"

export * from "../../src/btree/index.ts"
