/**
 * Settings in a tree. A key is a string, by convention of words with "/" between them ("wifi/ssid"), so that what belongs together stands
 * together and can be reset together. A string is kept as its own text, everything else as JSON text. The version stands under a key
 * that begins with a 0, which no setting's does.
 */
import type { BTree } from "../btree/tree.ts"
import { isFlashtreeError, refuse } from "../errors.ts"
import { decodeText, encodeJSON, encodeText } from "../values/index.ts"

/** A constant table of defaults: keys to the text of values, as a configuration keeps them. */
export interface DefaultsTable {
  lookup(key: string): Uint8Array | undefined
}

export interface ConfigOptions {
  /** What is given for a key that has not been set: an object of whole keys, or a table in ROM. */
  defaults?: Record<string, unknown> | DefaultsTable
  /** Of what the settings mean: a whole number from 1. */
  version?: number
  /** Brings settings of an older version up to date, before anything is read; from 0 where none was noted. One flush with the new version. */
  migrate?: (tree: BTree, from: number) => void
}

export type ConfigValue = string | number | boolean | null | object

/** Is told a key and its new value, undefined when it is the default again. */
export type ConfigCall = (key: string, value: ConfigValue | undefined) => void

interface Listener {
  prefix: string
  call: ConfigCall
}

const VERSION_KEY = "\u0000version"
/** The first key that can be a setting's. */
const FIRST_KEY = "\u0001"

/** Made by open(). Methods throw what the tree throws, and EINVAL for a value of another type than is asked for. */
export class Config {
  /** @internal */ declare _tree: BTree
  /** @internal */ declare _defaults: Record<string, unknown> | DefaultsTable | undefined
  /** @internal */ declare _listeners: Listener[]

  constructor(tree: BTree, defaults: Record<string, unknown> | DefaultsTable | undefined) {
    this._tree = tree
    this._defaults = defaults
    this._listeners = []
  }

  /** Gives the text of a setting, or its default, or undefined. A value that is no string comes as JSON text. */
  getString(key: string): string | undefined {
    const value = this._find(key)
    return value === undefined || typeof value === "string" ? value : JSON.stringify(value)
  }

  /** Gives a number, or undefined when there is neither a setting nor a default. EINVAL when it is no number. */
  getNumber(key: string): number | undefined {
    const value = this._find(key)
    if (value === undefined || typeof value === "number") return value
    const number = typeof value === "string" && value.trim() !== "" ? Number(value) : Number.NaN
    if (!(number - number === 0)) refuse("EINVAL", `setting ${key} is ${value}, not a number`)
    return number
  }

  /** Gives true or false, or undefined when there is neither a setting nor a default. EINVAL when it is neither of them. */
  getBoolean(key: string): boolean | undefined {
    const value = this._find(key)
    if (value === undefined || typeof value === "boolean") return value
    if (value !== "true" && value !== "false")
      refuse("EINVAL", `setting ${key} is ${value}, not true or false`)
    return value === "true"
  }

  /** Gives what set() was given, other than a string; a default as it is. EINVAL when it is no JSON text. */
  getJSON(key: string): unknown {
    const value = this._find(key)
    if (typeof value !== "string") return value
    try {
      return JSON.parse(value)
    } catch (_error) {
      refuse("EINVAL", `setting ${key} is no JSON: ${value.substring(0, 40)}`)
    }
  }

  /** Sets a key, or with undefined makes it the default again. Durable with the next flush(), together with all others since the last. */
  set(key: string, value: ConfigValue | undefined): void {
    checkKey(key)
    if (typeof value === "number" && value - value !== 0) refuse("EINVAL", `JSON has no ${value}`)
    if (value === undefined) this._tree.delete(key)
    else this._tree.set(key, typeof value === "string" ? encodeText(value) : encodeJSON(value))
    this._tell(key, value)
  }

  /** Makes the settings whose keys begin with `prefix`, or all, the defaults again; gives how many there were. One range deletion. */
  reset(prefix?: string): number {
    const isAll = prefix === undefined || prefix === ""
    if (!isAll) checkKey(prefix as string)
    const start = encodeText(isAll ? FIRST_KEY : (prefix as string))
    const end = isAll ? undefined : endOf(start)
    const keys: string[] = []
    if (this._listeners.length > 0) {
      const cursor = this._tree.cursor()
      let found = cursor.seek(start)
      for (; found; found = cursor.next()) {
        const key = decodeText(cursor.key())
        if (!isAll && key.indexOf(prefix as string) !== 0) break
        keys.push(key)
      }
    }
    const count = this._tree.deleteRange(start, end)
    for (let i = 0; i < keys.length; i++) this._tell(keys[i], undefined)
    return count
  }

  /** Has `call` called after each change of a key that begins with `prefix`; gives a function that ends it. */
  onChange(prefix: string, call: ConfigCall): () => void {
    if (typeof prefix !== "string" || typeof call !== "function")
      refuse("EINVAL", "onChange takes a prefix and a function")
    const listener = { prefix: prefix, call: call }
    const listeners = this._listeners
    listeners.push(listener)
    return () => {
      const index = listeners.indexOf(listener)
      if (index >= 0) listeners.splice(index, 1)
    }
  }

  /** Makes all changes since the last flush durable; on an atomic stream all of them or none. */
  flush(): void {
    this._tree.flush()
  }

  /** @internal Gives the text of a setting, or its default as it is. */
  _find(key: string): unknown {
    checkKey(key)
    const bytes = this._tree.get(key)
    if (bytes !== undefined) return decodeText(bytes)
    const defaults = this._defaults
    if (defaults === undefined) return undefined
    if (typeof (defaults as DefaultsTable).lookup === "function") {
      const found = (defaults as DefaultsTable).lookup(key)
      return found === undefined ? undefined : decodeText(found)
    }
    // What every object inherits is no default.
    const value = key === "__proto__" ? undefined : (defaults as Record<string, unknown>)[key]
    return typeof value === "function" ? undefined : value
  }

  /** @internal */
  _tell(key: string, value: ConfigValue | undefined): void {
    const listeners = this._listeners.slice()
    for (let i = 0; i < listeners.length; i++) {
      if (key.indexOf(listeners[i].prefix) === 0) listeners[i].call(key, value)
    }
  }
}

function checkKey(key: string): void {
  if (typeof key !== "string" || key === "" || key.charCodeAt(0) === 0) {
    refuse("EINVAL", "the key of a setting is a string that is not empty and does not begin with a 0")
  }
}

/** Gives the first key behind all that begin with `start`; undefined when there is none. */
function endOf(start: Uint8Array): Uint8Array | undefined {
  let length = start.length
  while (length > 0 && start[length - 1] === 0xff) length--
  if (length === 0) return undefined
  const end = new Uint8Array(length)
  for (let i = 0; i < length; i++) end[i] = start[i]
  end[length - 1]++
  return end
}

/**
 * Gives the settings in a tree, which stays the caller's. Where their version is older than `version`, migrate() is called and the new
 * version noted, both in one flush; when it throws, the tree is rolled back where it can be.
 * @throws EINVAL what is no tree, an option that there is not, a version that is no whole number; EFTYPE settings of a newer version
 */
export function open(tree: BTree, options?: ConfigOptions): Config {
  const given: ConfigOptions = options === undefined ? {} : options
  if (!tree || !tree.get || !tree.flush) refuse("EINVAL", "not a tree: what btree.open gives is expected")
  const names = Object.keys(given)
  for (let i = 0; i < names.length; i++)
    if (["defaults", "version", "migrate"].indexOf(names[i]) < 0)
      refuse("EINVAL", `unknown option "${names[i]}"; the options are defaults, version, migrate`)
  const version = given.version
  if (version !== undefined) {
    if (!(version >= 1 && version % 1 === 0))
      refuse("EINVAL", `version is ${version}, expected a whole number from 1`)
    const bytes = tree.get(VERSION_KEY)
    const stored = bytes === undefined ? 0 : Number(decodeText(bytes))
    if (!(stored >= 0)) refuse("ECORRUPT", "the version of the settings is no number")
    if (stored > version)
      refuse("EFTYPE", `the settings are of version ${stored}, this program knows ${version}`)
    if (stored < version) update(tree, given, stored)
  }
  return new Config(tree, given.defaults)
}

function update(tree: BTree, given: ConfigOptions, from: number): void {
  try {
    if (given.migrate !== undefined) given.migrate(tree, from)
    tree.set(VERSION_KEY, `${given.version}`)
    tree.flush()
  } catch (error) {
    if (!isFlashtreeError(error) || error.code !== "ECLOSED") tryRollback(tree)
    throw error
  }
}

function tryRollback(tree: BTree): void {
  try {
    tree.rollback()
  } catch (_error) {
    // What migrate() threw says more.
  }
}
