/** The entry "flashtree/constant" under Node, with iterators. */
import "../constant-iteration.ts"

export * from "../../src/constant/index.ts"
