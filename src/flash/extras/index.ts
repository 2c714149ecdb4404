/** The module "flash-extras" of Espruino: what install.ts adds to the core. */
export { erase } from "./install.ts"
