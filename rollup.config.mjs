/**
 * What `npm run build` bundles: one row per output. To ship to another host, add a row; nothing below the table
 * knows a host. `npm run build` runs tsc afterwards for the declarations in dist/types.
 *
 * Row fields
 *   name      folder under dist/, emptied before the row is written
 *   input     entry name -> source file; the name becomes dist/<name>/<entry>.js
 *   external  what is imported at run time and not bundled
 *   target    language level swc lowers to
 *   platform  the host's own file in the place of src/platform.ts, if it has one
 *   output    what differs from the common rollup output options (`format: "cjs"`, `banner`, ...)
 *   plugins   what runs after swc (a minifier, say)
 */
import { rmSync } from "node:fs"
import { dirname, resolve } from "node:path"
import swc from "@rollup/plugin-swc"

const rows = [
  {
    name: "node",
    input: {
      index: "hosts/node/index.ts",
      btree: "hosts/node/btree.ts",
      flash: "hosts/node/flash.ts",
      node: "hosts/node/node.ts",
      cli: "hosts/node/cli/main.ts",
    },
    external: [/^node:/, "citty"],
    target: "es2022",
    output: {
      format: "es",
      chunkFileNames: "chunks/[name].js",
      manualChunks: roomOf,
      hoistTransitiveImports: false,
      banner: (chunk) => (chunk.isEntry && chunk.name === "cli" ? "#!/usr/bin/env node" : ""),
    },
  },
]

/** One shared chunk a folder of src, so that an entry point loads no more than the engines it gives. */
function roomOf(id) {
  const [, folder, file] = /\/src\/(?:(\w+)\/)?([^/]+)\.ts$/.exec(id) ?? []
  return folder ?? (file && file !== "index" ? "core" : undefined)
}

/** Types go, `__DEV__` becomes false (vitest.config.ts makes it true), class fields become assignments. */
function stripTypes(target) {
  return swc({
    swc: {
      swcrc: false,
      configFile: false,
      minify: false,
      jsc: {
        target,
        parser: { syntax: "typescript", decorators: false },
        transform: {
          verbatimModuleSyntax: true,
          useDefineForClassFields: false,
          optimizer: { globals: { vars: { __DEV__: "false" } } },
        },
      },
    },
  })
}

/** Gives `own` to all who import src/platform.ts; `own` itself may still build on that. */
function replacePlatform(own) {
  const portable = resolve("src/platform.ts")
  return {
    name: "replace-platform",
    resolveId(specifier, importer) {
      if (!own || !importer || importer === resolve(own)) return null
      return resolve(dirname(importer), specifier) === portable ? resolve(own) : null
    },
  }
}

/** Empties the row's folder just before it is written, so that no file of an earlier build stays. */
function emptyFolder(folder) {
  return {
    name: "empty-folder",
    generateBundle: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** A warning here is a mistake (an unresolved import, a cycle, a missing export): no build with one. */
function refuseWarning(warning) {
  throw new Error(warning.message)
}

export default rows.map((row) => ({
  input: row.input,
  external: row.external,
  onwarn: refuseWarning,
  plugins: [
    replacePlatform(row.platform),
    stripTypes(row.target),
    ...(row.plugins ?? []),
    emptyFolder(`dist/${row.name}`),
  ],
  output: {
    dir: `dist/${row.name}`,
    entryFileNames: "[name].js",
    generatedCode: { symbols: false }, // Symbol.toStringTag does not exist on Espruino
    ...row.output,
  },
}))
