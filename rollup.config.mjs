/**
 * What `npm run build` bundles: one row per output. To ship to another host, add a row; nothing below the table
 * knows a host. `npm run build` runs tsc afterwards for the declarations in dist/types.
 *
 * Row fields
 *   name      folder under dist/, emptied before the row is written
 *   input     entry name -> source file; the name becomes dist/<name>/<entry>.js
 *   external  what is imported at run time and not bundled
 *   target    language level swc lowers to, or swc's own `env`
 *   own       files of src -> the host's own in their place
 *   keep      the folder is not emptied: another row has begun it
 *   modules   source file -> what it is imported as, where it is a module of its own already
 *   output    what differs from the common rollup output options (`format: "cjs"`, `banner`, ...)
 *   assets    file name -> text of a file that no source makes
 *   first     plugins that find modules before any other
 *   plugins   what runs after swc (a minifier, say)
 */
import { rmSync } from "node:fs"
import { dirname, resolve } from "node:path"
import swc from "@rollup/plugin-swc"
import { engineOf, exportInternals, importFromCore, isCore } from "./hosts/espruino/build/core-and-extras.mjs"
import { minifyForEspruino } from "./hosts/espruino/build/minify.mjs"
import { storageFiles } from "./hosts/espruino/build/storage-files.mjs"
import { freezeTables } from "./hosts/moddable/build/freeze-tables.mjs"
import { makeMod, modFiles } from "./hosts/moddable/build/mod.mjs"
import { placeConstants } from "./hosts/moddable/build/place-constants.mjs"

/** The modules of Espruino, each one file by itself. */
const ESPRUINO = {
  btree: "src/btree/core.ts",
  "btree-opening": "src/btree/opening/index.ts",
  "btree-extras": "src/btree/extras/index.ts",
  "btree-check": "src/btree/checking/index.ts",
  flash: "src/flash/core.ts",
  "flash-opening": "src/flash/opening/index.ts",
  "flash-extras": "src/flash/extras/index.ts",
  append: "src/append/core.ts",
  "append-opening": "src/append/opening/index.ts",
  "append-cursors": "src/append/cursors/index.ts",
  "append-extras": "src/append/extras/index.ts",
  log: "src/log/core.ts",
  "log-opening": "src/log/opening/index.ts",
  "log-reading": "src/log/reading/index.ts",
  "log-extras": "src/log/extras/index.ts",
  heapfile: "src/heapfile/core.ts",
  constant: "src/constant/core.ts",
  "constant-keys": "src/constant/keys/index.ts",
  "constant-extras": "src/constant/extras/index.ts",
  values: "src/values/index.ts",
  config: "src/config/index.ts",
  flashtree: "hosts/espruino/index.ts",
  "flashtree-sd": "hosts/espruino/sd-file-stream.ts",
}

/** What a module asks for when it is needed, and drops again, in the place of holding it. */
const LATER = {
  btree: {
    "src/btree/opening/index.ts": "hosts/espruino/open-tree.ts",
    "src/btree/opening/load.ts": "hosts/espruino/open-tree.ts",
  },
  flash: { "src/flash/opening/index.ts": "hosts/espruino/open-volume.ts" },
  append: {
    "src/append/opening/index.ts": "hosts/espruino/append-opening.ts",
    "src/append/cursors/make.ts": "hosts/espruino/append-cursors.ts",
  },
  log: {
    "src/log/opening/index.ts": "hosts/espruino/open-log.ts",
    "src/log/reading/index.ts": "hosts/espruino/read-log.ts",
  },
  "append-extras": { "src/append/opening/index.ts": "hosts/espruino/append-opening.ts" },
  "btree-extras": { "src/btree/checking/index.ts": "hosts/espruino/check-tree.ts" },
}

/** Characters that one function less may cost: memory for the variables of a function is scarcer than flash. */
const FEWER_FUNCTIONS = { btree: 200, flash: 120, log: 120, constant: 0 }

const rows = [
  {
    name: "node",
    input: {
      index: "hosts/node/index.ts",
      btree: "hosts/node/btree.ts",
      flash: "hosts/node/flash.ts",
      append: "hosts/node/append.ts",
      log: "hosts/node/log.ts",
      heapfile: "hosts/node/heapfile.ts",
      constant: "hosts/node/constant.ts",
      config: "hosts/node/config.ts",
      values: "hosts/node/values.ts",
      node: "hosts/node/node.ts",
      cli: "hosts/node/cli/main.ts",
    },
    external: [/^node:/, "citty"],
    target: "es2022",
    own: { "src/sha256.ts": "hosts/node/sha256.ts" },
    output: {
      format: "es",
      chunkFileNames: "chunks/[name].js",
      manualChunks: roomOf,
      hoistTransitiveImports: false,
      banner: (chunk) => (chunk.isEntry && chunk.name === "cli" ? "#!/usr/bin/env node" : ""),
    },
  },
  {
    name: "moddable",
    input: {
      btree: "hosts/moddable/btree.ts",
      flash: "hosts/moddable/flash.ts",
      append: "hosts/moddable/append.ts",
      log: "hosts/moddable/log.ts",
      heapfile: "hosts/moddable/heapfile.ts",
      constant: "hosts/moddable/constant.ts",
      config: "hosts/moddable/config.ts",
      values: "hosts/moddable/values.ts",
      moddable: "hosts/moddable/moddable.ts",
      "moddable-legacy": "hosts/moddable/moddable-legacy.ts",
      "flash-partition": "hosts/moddable/flash-partition.ts",
      "flash-partition-legacy": "hosts/moddable/flash-partition-legacy.ts",
    },
    external: [/^embedded:/, "flash", "file", "mc/config"],
    target: "es2022",
    own: { "src/platform.ts": "hosts/moddable/platform.ts" },
    output: {
      format: "es",
      chunkFileNames: "[name].js",
      manualChunks: moduleOf,
      hoistTransitiveImports: false,
      minifyInternalExports: false,
    },
    plugins: [placeConstants(), freezeTables()],
  },
  {
    name: "moddable",
    keep: true,
    input: { index: "hosts/moddable/index.ts" },
    modules: {
      "hosts/iteration.ts": "./btree.js",
      "src/btree/index.ts": "./btree.js",
      "src/flash/index.ts": "./flash.js",
      "src/errors.ts": "./core.js",
    },
    target: "es2022",
    output: { format: "es" },
    // The names that a program imports; the modules themselves have the names that the SDK's mcpack gives them.
    assets: Object.fromEntries(
      [
        "index",
        "btree",
        "append",
        "flash",
        "log",
        "constant",
        "heapfile",
        "config",
        "values",
        "moddable",
        "flash-partition",
      ].map((entry) => [`entries/${entry}.js`, `export * from "flashtree/dist/moddable/${entry}"\n`]),
    ),
  },
  {
    name: "moddable/mod",
    input: { flashtree: "hosts/moddable/mod.ts" },
    target: "es2022",
    own: { "src/platform.ts": "hosts/moddable/platform.ts" },
    output: { format: "es" },
    plugins: [makeMod()],
    assets: modFiles,
  },
  ...Object.keys(ESPRUINO).map((entry, index, entries) => ({
    name: "espruino",
    input: { [entry]: ESPRUINO[entry] },
    own: {
      "src/platform.ts": "hosts/espruino/platform.ts",
      "src/checksum.ts": "hosts/espruino/checksum.ts",
      "src/values/text.ts": "hosts/espruino/text.ts",
      ...LATER[entry],
    },
    // A block with a let or a const in it makes a scope each time it is entered: a quarter of a loop's time.
    target: { targets: { chrome: "100" }, include: ["transform-block-scoping"] },
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
    first: isCore(entry) ? [exportInternals(entry)] : engineOf(entry) ? [importFromCore(entry)] : [],
    plugins: [
      minifyForEspruino(FEWER_FUNCTIONS[entry]),
      ...(index === entries.length - 1 ? [storageFiles("dist/espruino", entries)] : []),
    ],
  })),
]

/** On Moddable: the modules that entries have in common, each one a module of its own that can be preloaded. */
function moduleOf(id) {
  if (/\/src\/btree\/|\/hosts\/(iteration|moddable\/btree)\.ts$/.test(id)) return "btree"
  if (/\/src\/values\/|\/hosts\/moddable\/values\.ts$/.test(id)) return "values"
  if (/\/src\/config\/|\/hosts\/moddable\/config\.ts$/.test(id)) return "config"
  if (/\/src\/flash\/|\/hosts\/moddable\/flash\.ts$/.test(id)) return "flash"
  if (/\/src\/log\/|\/hosts\/moddable\/log\.ts$/.test(id)) return "log"
  if (/\/src\/heapfile\/|\/hosts\/moddable\/heapfile\.ts$/.test(id)) return "heapfile"
  if (/\/src\/(constant\/|sha256\.ts$)|\/hosts\/(constant-iteration|moddable\/constant)\.ts$/.test(id))
    return "constant"
  if (/\/src\/append\/|\/hosts\/moddable\/append\.ts$/.test(id)) return "append"
  if (/\/src\/|\/moddable\/platform\.ts$/.test(id)) return "core"
  if (/\/hosts\/(store|moddable\/native)\.ts$/.test(id)) return "store"
  if (/\/hosts\/moddable\/(partition|partition-store)\.ts$/.test(id)) return "partition"
  if (/\/hosts\/moddable\/(file-stream|file-store|segmented-file-stream|redo-\w+|views)\.ts$/.test(id))
    return "files"
  return undefined
}

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
      ...(typeof target === "string" ? {} : { env: target }),
      jsc: {
        ...(typeof target === "string" ? { target } : {}),
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

/** Leaves out what is a module of its own already. */
function importModules(modules) {
  const names = new Map(Object.entries(modules ?? {}).map(([path, name]) => [resolve(path), name]))
  return {
    name: "import-modules",
    resolveId(specifier, importer) {
      const id = importer && names.get(resolve(dirname(importer), specifier))
      return id ? { id, external: true } : null
    },
  }
}

/** Adds the row's own files to what is written. */
function addAssets(assets) {
  return {
    name: "add-assets",
    generateBundle() {
      for (const [fileName, source] of Object.entries(assets ?? {}))
        this.emitFile({ type: "asset", fileName, source })
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
    importModules(row.modules),
    replaceWithOwn(row.own),
    stripTypes(row.target),
    ...(row.plugins ?? []),
    addAssets(row.assets),
    ...(row.keep ? [] : [emptyFolder(`dist/${row.name}`)]),
  ],
  output: {
    dir: `dist/${row.name}`,
    entryFileNames: "[name].js",
    generatedCode: { symbols: false }, // Symbol.toStringTag does not exist on Espruino
    ...row.output,
  },
}))
