/**
 * A board: a context of Node's vm from which everything Espruino lacks has been taken away (library.js), with doubles of its natives, in which the
 * finished modules are found in Storage as on the board. A reboot is a new realm on the same chip and disk.
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { createContext, Script } from "node:vm"
import { ROOT } from "../../tidy/sources.ts"
import { Chip } from "./chip.ts"
import { Disk } from "./disk.ts"
import { readStorage } from "./storage.ts"

const library = new Script(readFileSync(join(ROOT, "test/engine/espruino/library.js"), "utf8"))

const compiled = new Map<string, Script>()

/** Gives the function of a CommonJS file, compiled once for all realms. */
function moduleScript(name: string, code: string): Script {
  const known = compiled.get(code)
  if (known) return known
  const script = new Script(`(function(exports,module,require){${code}\n})`, { filename: `${name}.js` })
  compiled.set(code, script)
  return script
}

let shipped: Map<string, Uint8Array> | undefined

/** The files of the Storage image that `npm run build` made. */
export function shippedFiles(): Map<string, Uint8Array> {
  shipped ??= readStorage(new Uint8Array(readFileSync(join(ROOT, "dist/espruino/storage.bin"))))
  return shipped
}

// biome-ignore lint/suspicious/noExplicitAny: what lives in another realm has no types here
type Foreign = any

export interface RealmOptions {
  chip?: Chip
  disk?: Disk
  /** Files in Storage: those of the image when left out. */
  storage?: Map<string, Uint8Array>
  /** Reads and writes that the flash driver gives up on, out of memory. */
  outOfMemory?: () => boolean
}

export class Realm {
  readonly chip: Chip
  readonly disk: Disk
  readonly printed: string[] = []
  /** What getTime() gives. */
  time = 0
  private interval: { call: () => void; milliseconds: number } | undefined
  private readonly global: Foreign
  private readonly storage: Map<string, Uint8Array>
  private readonly modules = new Map<string, Foreign>()
  private readonly listeners = new Map<string, Foreign[]>()
  private readonly options: RealmOptions

  constructor(options: RealmOptions = {}) {
    this.options = options
    this.chip = options.chip ?? new Chip()
    this.disk = options.disk ?? new Disk()
    this.storage = options.storage ?? shippedFiles()
    this.global = createContext({})
    library.runInContext(this.global)
    this.modules.set("Flash", this.makeFlash())
    this.modules.set("Storage", { list: () => [...this.storage.keys()] })
    this.modules.set("fs", { statSync: (path: string) => ({ size: this.disk.size(path) }) })
    this.global.E = this.makeE()
    this.global.require = (name: string) => this.require(name)
    this.global.Modules = { removeCached: (name: string) => void this.modules.delete(name) }
    this.global.print = (...values: unknown[]) => void this.printed.push(values.join(" "))
    this.global.console = { log: this.global.print }
    this.global.process = {
      memory: () => ({ free: 2000, usage: 3000, total: 5000 }),
      env: { BOARD: "ESP32" },
    }
    this.global.getTime = () => this.time
    this.global.setInterval = (call: () => void, milliseconds: number) => {
      this.interval = { call, milliseconds }
      return 1
    }
    this.global.clearInterval = () => {
      this.interval = undefined
    }
  }

  /** As on the board: loaded before, native, then a file of Storage. */
  require(name: string): Foreign {
    const known = this.modules.get(name)
    if (known !== undefined) return known
    const file = this.storage.get(name)
    if (file === undefined) throw new Error(`Module "${name}" not found`)
    const code = Buffer.from(file).toString("latin1")
    const module = this.evaluate("({exports:{}})")
    const make = moduleScript(name, code).runInContext(this.global)
    make.call(module.exports, module.exports, module, this.global.require)
    this.modules.set(name, module.exports)
    return module.exports
  }

  /** Runs a program, as one that was uploaded. */
  evaluate(code: string): Foreign {
    return new Script(code).runInContext(this.global)
  }

  /** Bytes of this realm. */
  bytes(values: ArrayLike<number>): Uint8Array {
    return new this.global.Uint8Array(values)
  }

  /** Lets the program's one interval pass. */
  passInterval(): void {
    if (this.interval === undefined) throw new Error("no interval is set")
    this.time += this.interval.milliseconds / 1000
    this.interval.call()
  }

  /** What happens before save(), load(), reset() and reboot(). */
  kill(): void {
    for (const listener of [...(this.listeners.get("kill") ?? [])]) listener.call(this.global.E)
  }

  private makeFlash(): Foreign {
    const { chip } = this
    const native = this.evaluate("(function(n){return new Uint8Array(n)})")
    return {
      read: (length: number, address: number) =>
        this.options.outOfMemory?.() ? undefined : chip.read(length, address, native),
      write: (data: ArrayLike<number>, address: number) => chip.write(data, address),
      erasePage: (address: number) => chip.erasePage(address),
      getPage: (address: number) => chip.getPage(address),
      getFree: () => [
        { addr: 0x310000, length: 0x10000 },
        { addr: 0x360000, length: 0xa0000 }, // within Storage, as on the boards
      ],
    }
  }

  private makeE(): Foreign {
    return {
      sum: (data: ArrayLike<number>) => plain(data).reduce((sum, byte) => sum + byte, 0),
      CRC32: (data: ArrayLike<number>) => crc32(data),
      toString: (data: ArrayLike<number>) => {
        let text = ""
        for (let i = 0; i < data.length; i++) text += String.fromCharCode(data[i] as number)
        return text
      },
      toUint8Array: (text: string) => this.bytes(Buffer.from(text, "latin1")),
      openFile: (path: string, mode: "r") => this.disk.openFile(path, mode),
      on: (event: string, listener: Foreign) => {
        this.listeners.set(event, [...(this.listeners.get(event) ?? []), listener])
      },
      removeListener: (event: string, listener: Foreign) => {
        this.listeners.set(
          event,
          (this.listeners.get(event) ?? []).filter((other) => other !== listener),
        )
      },
    }
  }
}

/** Gives a copy in this realm of an array of another, which has no iterator. */
export function plain(bytes: ArrayLike<number>): Uint8Array {
  const copy = new Uint8Array(bytes.length)
  for (let i = 0; i < bytes.length; i++) copy[i] = bytes[i] as number
  return copy
}

function crc32(data: ArrayLike<number>): number {
  let crc = 0xffffffff
  for (let i = 0; i < data.length; i++) {
    crc ^= (data[i] as number) & 0xff
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1))
  }
  return ~crc >>> 0
}
