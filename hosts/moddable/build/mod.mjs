/** What makes a mod of a bundle: few instructions, names and variables, functions gathered, and the files beside it that mcrun needs. */
import { minify } from "terser"
import { inlineConstants } from "../../espruino/build/inline-constants.mjs"
import { inlineFunctions } from "../../espruino/build/inline-functions.mjs"
import { gatherFunctions } from "./gather-functions.mjs"
import { shareVariables } from "./share-variables.mjs"

/** The one global variable of the mod. */
const ARRAY = "flashtree$"

/** Characters that the code may grow for a function that goes: five slots of RAM, 80 bytes, for flash. */
const ALLOWANCE = 100

/** Nobody outside reaches into a mod. */
const isPrivate = (name) => name.startsWith("_")

/** Gives a rollup plugin that does it. Private names (`_name`) become short; messages stay. */
export function makeMod() {
  return {
    name: "make-mod",
    async renderChunk(code) {
      const large = inlineFunctions(inlineConstants(code), { allowance: ALLOWANCE, isOwn: isPrivate })
      const { code: small } = await minify(large, {
        module: true,
        ecma: 2020,
        toplevel: true,
        compress: {
          ecma: 2020,
          toplevel: true,
          module: true,
          passes: 4,
          inline: 1,
          reduce_funcs: false, // a function put where it is called would be made at every call
          pure_getters: true, // no property here has a getter that does anything
          // What has fewer characters so is more byte code: a statement leaves no value on the stack, and `true` is one instruction.
          booleans: false,
          conditionals: false,
          sequences: false,
        },
        mangle: { toplevel: true, properties: { regex: /^_/ } },
        format: { ascii_only: true },
      })
      const { code: shared } = await minify(shareVariables(small), {
        module: true,
        compress: false,
        mangle: { toplevel: true },
        format: { ascii_only: true },
      })
      return { code: gatherFunctions(shared, ARRAY), map: null }
    },
  }
}

const ALL = "flashtree/mod"
const CODES = "R_CURSOR, R_FIRST, R_LAST, R_NEXT, R_NOOVERWRITE, R_PREV"

/** File name -> text of what lies beside the bundle. */
export const modFiles = {
  "btree.js": `export { openTree as open, BTree, Cursor, DESC, INCL, ${CODES} } from "${ALL}"\n`,
  "flash.js": `export { openVolume as open, erase } from "${ALL}"\n`,
  "mod.js": `export { open as openTree } from "flashtree/btree"\nexport { open as openVolume } from "flashtree/flash"\n`,
  // For a mod of one's own to include.
  "library.json": json({
    modules: { "flashtree/mod": "./flashtree", "flashtree/btree": "./btree", "flashtree/flash": "./flash" },
  }),
  // The library as a mod by itself.
  "manifest.json": json({
    include: "./library.json",
    modules: { mod: "./mod" },
    config: { format: "x" },
  }),
}

function json(value) {
  return `${JSON.stringify(value, null, "\t")}\n`
}
