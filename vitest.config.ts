import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const double = (name: string) => here(`test/support/moddable/${name}.ts`)

export default defineConfig({
  define: { __DEV__: "true" }, // tests run src with its checks on; rollup.config.mjs makes it false in dist
  resolve: {
    // Modules that only the Moddable SDK has: doubles that behave as they do.
    alias: [
      { find: "embedded:storage/flash", replacement: double("embedded-flash") },
      { find: "embedded:storage/files", replacement: double("embedded-files") },
      { find: /^flash$/, replacement: double("legacy-flash") },
      { find: /^file$/, replacement: double("legacy-file") },
      { find: "mc/config", replacement: double("mc-config") },
      // What the example for Moddable imports, as its manifest has it.
      { find: /^flashtree\/(config|flash-partition|log|values)$/, replacement: here("hosts/moddable/$1.ts") },
      { find: "config-log", replacement: here("examples/moddable-config-log/config-log.js") },
    ],
  },
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: "forks",
    maxWorkers: "100%", // the default leaves a core idle, which of two is half of the time
  },
})
