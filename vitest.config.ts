import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

const double = (name: string) => fileURLToPath(new URL(`test/support/moddable/${name}.ts`, import.meta.url))

export default defineConfig({
  define: { __DEV__: "true" }, // tests run src with its checks on; rollup.config.mjs makes it false in dist
  resolve: {
    // Modules that only the Moddable SDK has: doubles that behave as they do.
    alias: [
      { find: "embedded:storage/flash", replacement: double("embedded-flash") },
      { find: "embedded:storage/files", replacement: double("embedded-files") },
      { find: /^flash$/, replacement: double("legacy-flash") },
      { find: /^file$/, replacement: double("legacy-file") },
    ],
  },
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: "forks",
  },
})
