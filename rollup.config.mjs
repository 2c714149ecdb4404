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
 *   alone     every entry is a file by itself: no chunks between them
 *   output    what differs from the common rollup output options (`format: "cjs"`, `banner`, ...)
 *   plugins   what runs after swc (a minifier, say)
 *   after     plugins of the row's last entry
 */
import { rmSync } from "node:fs"
import { dirname, resolve } from "node:path"
import swc from "@rollup/plugin-swc"
import { minifyForEspruino } from "./hosts/espruino/build/minify.mjs"
import { storageFiles } from "./hosts/espruino/build/storage-files.mjs"

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
  {
    name: "espruino",
    alone: true,
    input: {
      btree: "src/btree/index.ts",
      flash: "src/flash/index.ts",
      flashtree: "hosts/espruino/index.ts",
      "flashtree-sd": "hosts/espruino/sd-file-stream.ts",
    },
    own: {
      "src/platform.ts": "hosts/espruino/platform.ts",
      "src/checksum.ts": "hosts/espruino/checksum.ts",
    },
    target: "es2015",
    output: {
      format: "cjs",
      exports: "named",
      strict: false,
      esModule: false,
      freeze: false,
      externalLiveBindings: false,
      generatedCode: { preset: "es2015", symbols: false },
    },
    plugins: [minifyForEspruino()],
    after: [storageFiles("dist/espruino")],
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

/** One configuration a row, or one an entry where the row's entries are to stand alone. */
function configurations(row) {
  const entries = row.alone
    ? Object.entries(row.input).map((entry) => Object.fromEntries([entry]))
    : [row.input]
  return entries.map((input, index) => ({
    input,
    external: row.external,
    onwarn: refuseWarning,
    plugins: [
      replaceWithOwn(row.own),
      stripTypes(row.target),
      ...(row.plugins ?? []),
      ...(index === 0 ? [emptyFolder(`dist/${row.name}`)] : []),
      ...(index === entries.length - 1 ? (row.after ?? []) : []),
    ],
    output: {
      dir: `dist/${row.name}`,
      entryFileNames: "[name].js",
      generatedCode: { symbols: false }, // Symbol.toStringTag does not exist on Espruino
      ...row.output,
    },
  }))
}

export default rows.flatMap(configurations)
