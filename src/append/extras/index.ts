/** The module "append-extras" of Espruino: what install.ts adds to the core. */
export { AppendTree } from "./install.ts"
