/** The entry "flashtree/config" on Moddable. */
export * from "../../src/config/index.ts"
