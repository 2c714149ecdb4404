/** The entry "flashtree/heapfile" on Moddable. */
export * from "../../src/heapfile/index.ts"
