/** The entry "flashtree/values" on Moddable. */
export * from "../../src/values/index.ts"
