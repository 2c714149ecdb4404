/** The core: all of the module "constant" on Espruino, which reads. extras/ adds the rest to its classes. */
export { uint32 } from "./key-types.ts"
export { Reader } from "./reader.ts"
