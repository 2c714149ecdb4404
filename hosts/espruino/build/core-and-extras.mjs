/**
 * "btree" and "btree-extras" as two files, and likewise "flash". What the extras import from the core is exported by "btree" under private
 * names, and "btree-extras" is one function that takes that module: `require("btree-extras")(require("btree"))` adds the rest, also to its exports,
 * and gives it back.
 */
import { readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"
import { transformSync } from "@swc/core"
import { parse } from "acorn"

/**
 * Engines in two files: the core's entry, the folder of the extras, and modules of which the extras hold what they use of them
 * themselves, since a copy of these is smaller than the way to the core's.
 */
const SPLITS = {
  btree: {
    core: "src/btree/core.ts",
    extras: "src/btree/extras",
    copied: ["src/btree/layout.ts", "src/btree/states.ts", "src/btree/types.ts", "src/checksum.ts"],
  },
  append: {
    core: "src/append/core.ts",
    extras: "src/append/extras",
    copied: ["src/append/layout.ts", "src/append/types.ts"],
  },
  flash: { core: "src/flash/core.ts", extras: "src/flash/extras", copied: ["src/flash/layout.ts"] },
  log: { core: "src/log/core.ts", extras: "src/log/extras", copied: ["src/log/layout.ts"] },
}

const CORE_MODULE = "the-core"
const VIRTUAL = "\0core:"

/** Gives a rollup plugin that adds to the core's exports what the extras import. */
export function exportInternals(engine) {
  const { core } = SPLITS[engine]
  const entry = resolve(core)
  return {
    name: "export-internals",
    transform(code, id) {
      if (id !== entry) return null
      const own = exportedNames(stripTypes(code))
      const lines = [...internals(engine)].map(([name, path]) =>
        own.has(name) ? "" : `export { ${name} as _${name} } from "${resolve(path)}"`,
      )
      return { code: `${code}\n${lines.join("\n")}`, map: null }
    },
  }
}

/** Gives a rollup plugin that takes the imports of the extras from the core, which comes as an argument. */
export function importFromCore(engine) {
  const { core, copied } = SPLITS[engine]
  return {
    name: "import-from-core",
    options: (options) => ({ ...options, external: [CORE_MODULE] }),
    resolveId(specifier, importer) {
      if (specifier === CORE_MODULE) return { id: CORE_MODULE, external: true }
      if (!importer || importer.startsWith(VIRTUAL) || !isExtra(engine, importer)) return null
      const path = join(dirname(importer), specifier)
      if (isExtra(engine, path) || copied.includes(relative(".", path))) return null
      return VIRTUAL + relative(".", path)
    },
    load(id) {
      if (!id.startsWith(VIRTUAL)) return null
      const path = id.slice(VIRTUAL.length)
      const own = exportedNames(stripTypes(readFileSync(core, "utf8")))
      return [...internals(engine)]
        .filter(([, from]) => from === path)
        .map(([name]) => `export { ${own.has(name) ? name : `_${name} as ${name}`} } from "${CORE_MODULE}"`)
        .join("\n")
    },
    renderChunk(code) {
      const line = new RegExp(`^(?:var|const) (\\w+) = require\\(['"]${CORE_MODULE}['"]\\);$`, "m")
      const [, parameter] = line.exec(code) ?? []
      if (!parameter) throw new Error("the extras do not take the core")
      const body = nameOften(code.replace(line, "").replace(/^exports\./gm, `${parameter}.`), parameter)
      return {
        code: `module.exports = function (${parameter}) {\n${body}\nreturn ${parameter};\n}`,
        map: null,
      }
    },
  }
}

/** From this many uses on, a part of the core gets a variable. */
const USES_MIN = 4

/** Gives `code` with variables for what it takes of the core often, and for the prototype that it puts methods on. */
function nameOften(code, core) {
  const uses = new Map()
  const pattern = new RegExp(`\\b${core}\\.(?:_\\w+|BTree\\.prototype)`, "g")
  for (const [text] of code.matchAll(pattern)) uses.set(text, (uses.get(text) ?? 0) + 1)
  const often = [...uses.keys()].filter((text) => uses.get(text) >= USES_MIN)
  const nameOf = (text) => text.replaceAll(".", "$")
  const lines = often.map((text) => `var ${nameOf(text)} = ${text};\n`)
  return lines.join("") + code.replace(pattern, (text) => (often.includes(text) ? nameOf(text) : text))
}

/** Gives the private names under which the core exports, for the table of short names. */
export function internalNames() {
  return Object.keys(SPLITS).flatMap((engine) => [...internals(engine).keys()].map((name) => `_${name}`))
}

const found = new Map()

/** Gives name -> file for all that the extras import from the core, types and copied modules aside. */
function internals(engine) {
  if (found.has(engine)) return found.get(engine)
  const { extras, copied } = SPLITS[engine]
  const names = new Map()
  for (const file of readdirSync(extras).filter((name) => name.endsWith(".ts"))) {
    const { body } = parse(stripTypes(readFileSync(join(extras, file), "utf8")), {
      ecmaVersion: 2024,
      sourceType: "module",
    })
    for (const node of body) {
      if (node.type !== "ImportDeclaration") continue
      const path = join(extras, node.source.value)
      if (isExtra(engine, path) || copied.includes(path)) continue
      for (const { imported } of node.specifiers) names.set(imported.name, path)
    }
  }
  found.set(engine, names)
  return names
}

function isExtra(engine, path) {
  return relative(SPLITS[engine].extras, path).split("/")[0] !== ".."
}

function exportedNames(code) {
  const { body } = parse(code, { ecmaVersion: 2024, sourceType: "module" })
  return new Set(body.flatMap((node) => (node.specifiers ?? []).map(({ exported }) => exported?.name)))
}

function stripTypes(source) {
  return transformSync(source, {
    swcrc: false,
    configFile: false,
    jsc: { target: "es2022", parser: { syntax: "typescript" }, transform: { verbatimModuleSyntax: true } },
  }).code
}
