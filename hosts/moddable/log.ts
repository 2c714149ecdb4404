/** The entry "flashtree/log" on Moddable. */
export * from "../../src/log/index.ts"
