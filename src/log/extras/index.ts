/** The module "log-extras" of Espruino: what install.ts adds to the core. */
export { Log } from "./install.ts"
