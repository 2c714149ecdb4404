/**
 * Constants of the module level become the numbers they stand for. XS makes a slot of the stack, at each call, for every name of its module
 * that a function mentions, and the deepest calls have to fit the few hundred slots that a board has.
 */
import { inlineConstants } from "../../espruino/build/inline-constants.mjs"

/** Gives a rollup plugin that does it. */
export function placeConstants() {
  return { name: "place-constants", renderChunk: (code) => ({ code: inlineConstants(code), map: null }) }
}
