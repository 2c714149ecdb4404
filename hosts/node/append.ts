/** The entry "flashtree/append" under Node. */
export * from "../../src/append/index.ts"
