/**
 * An engine in several files: "btree" and "btree-extras", and likewise "flash" with "flash-extras" and "flash-opening". What a part imports
 * from the core is exported by "btree" under private names, and the part is one function that takes that module:
 * `require("btree-extras")(require("btree"))` adds the rest, also to its exports, and gives it back. A part that only `gives` what it
 * exports, because others ask for it and drop it again, adds nothing.
 */
import { readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"
import { transformSync } from "@swc/core"
import { parse } from "acorn"

/**
 * Engines in several files: the core's entry, the folder of each part, and modules of which each part holds what it uses of them
 * itself, since a copy of these is smaller than the way to the core's. `exported`: what parts import is exported, name by name, which takes a
 * few bytes less than a function that gives it, and more memory.
 */
const SPLITS = {
  btree: {
    core: "src/btree/core.ts",
    parts: {
      "btree-extras": { folder: "src/btree/extras" },
      "btree-check": { folder: "src/btree/checking", gives: true },
      "btree-opening": { folder: "src/btree/opening", gives: true },
    },
    copied: [
      "src/btree/layout.ts",
      "src/btree/states.ts",
      "src/btree/types.ts",
      "src/checksum.ts",
      "src/page/start-cache.ts",
    ],
  },
  append: {
    core: "src/append/core.ts",
    parts: {
      "append-extras": { folder: "src/append/extras" },
      "append-opening": { folder: "src/append/opening", gives: true },
      "append-cursors": { folder: "src/append/cursors" },
    },
    copied: [
      "src/append/end-writer.ts",
      "src/append/layout.ts",
      "src/append/limits.ts",
      "src/append/order.ts",
      "src/append/sha1.ts",
      "src/append/states.ts",
      "src/append/types.ts",
      "src/checksum.ts",
      "src/page/start-cache.ts",
      "src/platform.ts",
    ],
  },
  flash: {
    core: "src/flash/core.ts",
    parts: {
      "flash-extras": { folder: "src/flash/extras" },
      "flash-opening": { folder: "src/flash/opening", gives: true },
    },
    copied: [
      "src/flash/inline.ts",
      "src/flash/intervals.ts",
      "src/flash/layout.ts",
      "src/flash/map.ts",
      "src/flash/take-word.ts",
      "src/platform.ts",
    ],
  },
  log: {
    core: "src/log/core.ts",
    parts: {
      "log-extras": { folder: "src/log/extras" },
      "log-opening": { folder: "src/log/opening", gives: true },
      "log-reading": { folder: "src/log/reading", gives: true },
    },
    copied: [
      "src/log/frames.ts",
      "src/log/give-back.ts",
      "src/log/layout.ts",
      "src/log/places.ts",
      "src/platform.ts",
    ],
  },
  constant: {
    core: "src/constant/core.ts",
    exported: true,
    parts: {
      "constant-extras": { folder: "src/constant/extras" },
      "constant-keys": { folder: "src/constant/keys" },
    },
    copied: [
      "src/constant/layout.ts",
      "src/constant/keys/layout.ts",
      "src/constant/keys/hash.ts",
      "src/checksum.ts",
      "src/sha256.ts",
    ],
  },
}

/** Gives the engine that the module is a part of, undefined for one that is none. */
export function engineOf(part) {
  return Object.keys(SPLITS).find((engine) => part in SPLITS[engine].parts)
}

/** Tells whether the module is the core of others. */
export function isCore(module) {
  return module in SPLITS
}

const CORE_MODULE = "the-core"

/** The one private name that a core exports: a function takes less memory than a property for each thing that it gives. */
const GIVE = "_internals"
const VIRTUAL = "\0core:"

/** Gives a rollup plugin that adds to the core's exports what its parts import. */
export function exportInternals(engine) {
  const { core, exported = false } = SPLITS[engine]
  const entry = resolve(core)
  return {
    name: "export-internals",
    transform(code, id) {
      if (id !== entry) return null
      const own = exportedNames(stripTypes(code))
      const given = [...allInternals(engine)].filter(([name]) => !own.has(name))
      if (exported) {
        const lines = given.map(([name, path]) => `export { ${name} as _${name} } from "${resolve(path)}"`)
        return { code: `${code}\n${lines.join("\n")}`, map: null }
      }
      const imports = given.map(([name, path]) => `import { ${name} as _${name} } from "${resolve(path)}"`)
      const entries = given.map(([name]) => `_${name}: _${name}`)
      const give = `export function ${GIVE}() { return { ${entries.join(", ")} } }`
      return { code: `${code}\n${imports.join("\n")}\n${give}`, map: null }
    },
  }
}

/** Gives a rollup plugin that takes the imports of a part from the core, which comes as an argument. */
export function importFromCore(part) {
  const { core, parts, copied, exported = false } = SPLITS[engineOf(part)]
  const { folder, gives } = parts[part]
  return {
    name: "import-from-core",
    options: (options) => ({ ...options, external: [CORE_MODULE] }),
    resolveId(specifier, importer) {
      if (specifier === CORE_MODULE) return { id: CORE_MODULE, external: true }
      if (!importer || importer.startsWith(VIRTUAL) || !isIn(folder, importer)) return null
      const path = join(dirname(importer), specifier)
      if (isInPart(engineOf(part), path) || copied.includes(relative(".", path))) return null
      return VIRTUAL + relative(".", path)
    },
    load(id) {
      if (!id.startsWith(VIRTUAL)) return null
      const path = id.slice(VIRTUAL.length)
      const own = exportedNames(stripTypes(readFileSync(core, "utf8")))
      const constants = constantsOf(engineOf(part), folder).filter(([, from]) => from === path)
      return [
        ...[...internals(engineOf(part), folder)]
          .filter(([, from]) => from === path)
          .map(
            ([name]) => `export { ${own.has(name) ? name : `_${name} as ${name}`} } from "${CORE_MODULE}"`,
          ),
        ...constants.map(([name]) => `export { ${name} } from "${resolve(path)}"`),
      ].join("\n")
    },
    renderChunk(code) {
      const line = new RegExp(`^(?:var|const) (\\w+) = require\\(['"]${CORE_MODULE}['"]\\);$`, "m")
      const [, parameter] = line.exec(code) ?? []
      if (!parameter) throw new Error(`${part} does not take the core`)
      const rest = code.replace(line, "")
      const given = [...rest.matchAll(/^exports\.(\w+) = (\w+);$/gm)].map(
        ([, name, value]) => `${name}: ${value}`,
      )
      // What a host's file of the part calls its exports are the core's.
      const own = (gives ? rest.replace(/^exports\..*$/gm, "") : rest).replace(/\bexports\b/g, parameter)
      const named = nameOften(own, parameter)
      const body = exported ? named : takeInternals(named, parameter)
      return {
        code: `module.exports = function (${parameter}) {\n${body}\nreturn ${gives ? `{ ${given.join(", ")} }` : parameter};\n}`,
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

/** Gives `code` with the private parts of the core taken from what its one function gives. */
function takeInternals(code, core) {
  const given = `${core}$`
  const body = code.replace(new RegExp(`\\b${core}\\.(?=_)`, "g"), () => `${given}.`)
  return body === code ? code : `var ${given} = ${core}.${GIVE}();\n${body}`
}

/** Gives the private names under which the cores export, for the table of short names. */
export function internalNames() {
  const names = Object.keys(SPLITS).flatMap((engine) =>
    [...allInternals(engine).keys()].map((name) => `_${name}`),
  )
  return [GIVE, ...names]
}

/** Gives name -> file for all that the parts of the engine import from its core. */
function allInternals(engine) {
  return new Map(Object.values(SPLITS[engine].parts).flatMap(({ folder }) => [...internals(engine, folder)]))
}

/** Gives name -> file for what the part in `folder` imports from the core, types and copied modules aside. */
function internals(engine, folder) {
  return new Map([...imported(engine, folder)].filter(([name]) => !isConstant(name)))
}

/** Gives name and file of the constants among that: a part has them itself. */
function constantsOf(engine, folder) {
  return [...imported(engine, folder)].filter(([name]) => isConstant(name))
}

function isConstant(name) {
  return /^[A-Z][A-Z0-9_]*$/.test(name)
}

const found = new Map()

function imported(engine, folder) {
  if (found.has(folder)) return found.get(folder)
  const { copied } = SPLITS[engine]
  const names = new Map()
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".ts"))) {
    const { body } = parse(stripTypes(readFileSync(join(folder, file), "utf8")), {
      ecmaVersion: 2024,
      sourceType: "module",
    })
    for (const node of body) {
      if (node.type !== "ImportDeclaration") continue
      const path = join(folder, node.source.value)
      if (isInPart(engine, path) || copied.includes(path)) continue
      for (const { imported: from } of node.specifiers) names.set(from.name, path)
    }
  }
  found.set(folder, names)
  return names
}

function isInPart(engine, path) {
  return Object.values(SPLITS[engine].parts).some(({ folder }) => isIn(folder, path))
}

function isIn(folder, path) {
  return relative(folder, path).split("/")[0] !== ".."
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
