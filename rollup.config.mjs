/**
 * What `npm run build` bundles: one row per output. To ship to another host, add a row; nothing below the table
 * knows a host. `npm run build` runs tsc afterwards for the declarations in dist/types.
 *
 * Row fields
 *   name      folder under dist/, emptied before the row is written
 *   input     entry name -> source file; the name becomes dist/<name>/<entry>.js
 *   external  what is imported at run time and not bundled
 *   target    language level swc lowers to
 *   own       files of src -> the host's own in their place
 *   keep      the folder is not emptied: another row has begun it
 *   output    what differs from the common rollup output options (`format: "cjs"`, `banner`, ...)
 *   first     plugins that find modules before any other
 *   plugins   what runs after swc (a minifier, say)
 */
import { rmSync } from "node:fs"
import { dirname, resolve } from "node:path"
import swc from "@rollup/plugin-swc"
import { exportInternals, importFromCore } from "./hosts/espruino/build/core-and-extras.mjs"
import { minifyForEspruino } from "./hosts/espruino/build/minify.mjs"
import { storageFiles } from "./hosts/espruino/build/storage-files.mjs"

/** The modules of Espruino, each one file by itself. */
const ESPRUINO = {
  btree: "src/btree/core.ts",
  "btree-extras": "src/btree/extras/index.ts",
  flash: "src/flash/index.ts",
  flashtree: "hosts/espruino/index.ts",
  "flashtree-sd": "hosts/espruino/sd-file-stream.ts",
}

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
  ...Object.keys(ESPRUINO).map((entry, index, entries) => ({
    name: "espruino",
    input: { [entry]: ESPRUINO[entry] },
    own: {
      "src/platform.ts": "hosts/espruino/platform.ts",
      "src/checksum.ts": "hosts/espruino/checksum.ts",
    },
    target: "es2015",
    keep: index > 0,
    output: {
      format: "cjs",
      exports: "named",
      strict: false,
      esModule: false,
      freeze: false,
      externalLiveBindings: false,
      generatedCode: { preset: "es2015", symbols: false },
    },
    first: entry === "btree" ? [exportInternals()] : entry === "btree-extras" ? [importFromCore()] : [],
    plugins: [
      minifyForEspruino(),
      ...(index === entries.length - 1 ? [storageFiles("dist/espruino", entries)] : []),
    ],
  })),
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

/** Gives the host's own files to all who import what they stand for; an own file itself may still build on that. */
function replaceWithOwn(own) {
  const files = new Map(Object.entries(own ?? {}).map(([path, ours]) => [resolve(path), resolve(ours)]))
  return {
    name: "replace-with-own",
    resolveId(specifier, importer) {
      if (!importer) return null
      const ours = files.get(resolve(dirname(importer), specifier))
      return ours === resolve(importer) ? null : (ours ?? null)
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
    ...(row.first ?? []),
    replaceWithOwn(row.own),
    stripTypes(row.target),
    ...(row.plugins ?? []),
    ...(row.keep ? [] : [emptyFolder(`dist/${row.name}`)]),
  ],
  output: {
    dir: `dist/${row.name}`,
    entryFileNames: "[name].js",
    generatedCode: { symbols: false }, // Symbol.toStringTag does not exist on Espruino
    ...row.output,
  },
}))
