/** The entry "flashtree/flash" on Moddable. */
export * from "../../src/flash/index.ts"
