/** The package's main entry under Node: all engines, with iterators. */
import "../iteration.ts"

export * from "../../src/index.ts"
