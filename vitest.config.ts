import { defineConfig } from "vitest/config"

export default defineConfig({
  define: { __DEV__: "true" }, // tests run src with its checks on; rollup.config.mjs makes it false in dist
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: "forks",
  },
})
