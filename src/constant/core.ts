/** The core: all of the module "constant" on Espruino, which reads. extras/ adds the rest to its classes. */
export { bytes, uint32, uint64 } from "./key-types.ts"
export { Reader } from "./reader.ts"
export { Table } from "./table.ts"
