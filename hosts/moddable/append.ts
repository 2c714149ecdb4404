/** The entry "flashtree/append" on Moddable. */
export * from "../../src/append/index.ts"
