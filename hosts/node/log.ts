/** The entry "flashtree/log" under Node. */
export * from "../../src/log/index.ts"
