/** The entry "flashtree/heapfile" under Node. */
export * from "../../src/heapfile/index.ts"
