/** The entry "flashtree/values" under Node. */
export * from "../../src/values/index.ts"
