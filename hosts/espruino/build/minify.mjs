/**
 * The last step of a bundle for Espruino: as few bytes and functions as can be, in what its parser takes. Private names (`_name`)
 * become short ones, the same in every bundle, since "btree-extras" and "flashtree" reach into what "btree" made.
 */
import { readdirSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { transformSync } from "@swc/core"
import { minify } from "terser"
import { internalNames } from "./core-and-extras.mjs"
import { gatherExports } from "./gather-exports.mjs"
import { inlineConstants } from "./inline-constants.mjs"
import { inlineFunctions } from "./inline-functions.mjs"
import { keepThis } from "./keep-this.mjs"
import { mergeCopies } from "./merge-copies.mjs"
import { namePrototypes } from "./name-prototypes.mjs"
import { parseCode, visit } from "./syntax.mjs"

/** Where private names are given; the order of these folders and of their files decides nothing. */
const SOURCES = ["src", "hosts/espruino"]

/** Bytes in Storage that are worth less than a function, which takes eight variables of 14 bytes as long as the module is loaded. */
const ALLOWANCE = 60

/** And those that are worth less than a text in a variable: one of so many characters takes six. */
const TEXT_GROWTH = 64

/** Parts of the source that keep their objects to themselves; what several name is common to all. */
const ROOMS = [
  "src/append/",
  "src/flash/",
  "src/log/",
  "src/constant/",
  "src/heapfile/",
  "src/config/",
  "src/stream/",
  "src/",
]

const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ$"

/** Gives a rollup plugin that minifies each chunk; `allowance`: the characters that it may take to have one function less. */
export function minifyForEspruino(allowance = ALLOWANCE) {
  return {
    name: "minify-for-espruino",
    async renderChunk(code, { moduleIds }) {
      const others = namesOutside(moduleIds)
      const named = inlineConstants(namePrototypes(gatherExports(code)), { textGrowth: TEXT_GROWTH })
      const large = mergeCopies(inlineFunctions(named, { allowance, isOwn: (name) => !others.has(name) }))
      const { code: small } = await minify(large, {
        ecma: 2015,
        toplevel: true,
        compress: {
          ecma: 2015,
          toplevel: true,
          pure_getters: true, // no property here has a getter that does anything
          passes: 4,
          arrows: false,
          hoist_funs: true, // a function is there from its own text on
          inline: 1, // more would assign to a variable above its declaration
          reduce_funcs: false, // a function put where it is called would be made at every call
        },
        mangle: { toplevel: true, properties: { regex: /^_/ } },
        nameCache: { props: { props: shortNames() } },
        format: { ascii_only: true },
      })
      return { code: keepThis(endReturns(small)), map: null }
    },
  }
}

/**
 * Puts a semicolon behind a bare `return` that ends a block: Espruino keeps a function's text without its last brace, and there looks
 * for a value behind such a return ("Unexpected end of Input").
 */
function endReturns(code) {
  const ends = []
  visit(parseCode(code), (node) => {
    if (node.type === "ReturnStatement" && node.argument === null && code[node.end - 1] !== ";")
      ends.push(node.end)
  })
  let result = ""
  let done = 0
  for (const end of ends.sort((a, b) => a - b)) {
    result += `${code.slice(done, end)};`
    done = end
  }
  return result + code.slice(done)
}

let cached

/**
 * Gives the short name of each private one (with terser's "$" before it): the most used ones get the shortest. Names of different rooms
 * of the source may have the same one, since no object gets properties of two rooms; what a host uses has names of its own.
 */
function shortNames() {
  if (cached) return { ...cached }
  const uses = new Map(internalNames().map((name) => [name, { rooms: new Set(["src/"]), count: 2 }]))
  const taken = new Set()
  for (const path of SOURCES.flatMap(filesBelow)) {
    const room = ROOMS.find((folder) => path.startsWith(folder)) ?? ""
    for (const name of propertiesIn(readFileSync(path, "utf8"))) {
      if (!name.startsWith("_")) taken.add(name)
      else {
        const use = uses.get(name) ?? { rooms: new Set(), count: 0 }
        use.count++
        use.rooms.add(room)
        uses.set(name, use)
      }
    }
  }
  cached = {}
  const names = [...uses.keys()].sort((a, b) => uses.get(b).count - uses.get(a).count || (a < b ? -1 : 1))
  const given = []
  for (const name of names) {
    const { rooms } = uses.get(name)
    const isHosts = rooms.has("")
    const near = given.filter(
      (other) => isHosts || other.rooms.has("") || [...rooms].some((room) => other.rooms.has(room)),
    )
    const used = new Set(near.map(({ short }) => short))
    let next = 0
    let short = shortName(next)
    while (used.has(short) || taken.has(short) || /^(at|do|if|in|of)$/.test(short)) short = shortName(++next)
    given.push({ rooms, short })
    cached[`$${name}`] = short
  }
  return { ...cached }
}

/** Gives the property names that are in sources other than `modules`, which may reach into what is made of those. */
function namesOutside(modules) {
  const inside = new Set(modules)
  const others = SOURCES.flatMap(filesBelow).filter((path) => !inside.has(resolve(path)))
  return new Set(others.flatMap((path) => propertiesIn(readFileSync(path, "utf8"))))
}

function shortName(index) {
  const tail = LETTERS[index % LETTERS.length]
  return index < LETTERS.length ? tail : LETTERS[Math.floor(index / LETTERS.length) - 1] + tail
}

function filesBelow(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((path) => path.endsWith(".ts"))
    .map((path) => join(folder, path))
}

/** Gives every property name in TypeScript source, as often as it is there. */
function propertiesIn(source) {
  const { code } = transformSync(source, {
    swcrc: false,
    configFile: false,
    jsc: { target: "es2022", parser: { syntax: "typescript" }, transform: { verbatimModuleSyntax: true } },
  })
  const found = []
  visit(parseCode(code), (node) => {
    const key = node.type === "MemberExpression" ? node.property : node.key
    if (key?.type === "Identifier" && !node.computed) found.push(key.name)
  })
  return found
}
