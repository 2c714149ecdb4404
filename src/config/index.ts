/** Settings with types, defaults and a version, in a tree. */
export {
  Config,
  type ConfigCall,
  type ConfigOptions,
  type ConfigValue,
  type DefaultsTable,
  open,
} from "./config.ts"
