/** The package's main entry under Node: all engines, with iterators. */
import "../constant-iteration.ts"
import "../iteration.ts"

export * from "../../src/index.ts"
