/** The entry "flashtree/constant" on Moddable, with iterators. */
import "../constant-iteration.ts"

export * from "../../src/constant/index.ts"
