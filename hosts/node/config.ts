/** The entry "flashtree/config" under Node. */
export * from "../../src/config/index.ts"
