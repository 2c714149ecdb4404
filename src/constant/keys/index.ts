/** The module "constant-keys" of Espruino: keys of other kinds than 32 bits. */
export { bytes } from "./bytes.ts"
export { Table } from "./install.ts"
export { uint64 } from "./uint64.ts"
