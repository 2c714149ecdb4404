/** What applications put into keys and values. */
export { decodeJSON, encodeJSON } from "./json.ts"
export { decodeF64, decodeI32, decodeU32be, f64, i32, u32be } from "./numbers.ts"
export { decodeText, encodeText } from "./text.ts"
export { decodeTuple, type TupleItem, tuple, tupleEnd } from "./tuple.ts"
