/** The entry "flashtree/flash" under Node. */
export * from "../../src/flash/index.ts"
