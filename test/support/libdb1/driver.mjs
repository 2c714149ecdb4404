/**
 * Compiles libdb1-driver.c once per machine and runs scripts of operations through it, synchronously. Plain JavaScript
 * because the benchmark runs it without a TypeScript loader; driver.d.mts has the types, index.ts the API for tests.
 */
import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { accessSync, constants, existsSync, mkdirSync, readFileSync, renameSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const LIBRARY = process.env.LIBDB1 ?? "libdb1.so.2"
const END = 0xffffffff
const O_RDONLY = 0
const O_RDWR = 2
const O_CREAT = 0o100
const O_TRUNC = 0o1000

export const COUNTERS = [
  "reads",
  "writes",
  "metaReads",
  "metaWrites",
  "bytesRead",
  "bytesWritten",
  "fsyncs",
  "shortReads",
]

const CODES = {
  open: "O",
  put: "P",
  delete: "D",
  get: "G",
  getQuietly: "g",
  seq: "Q",
  scan: "S",
  scanBack: "B",
  scanQuietly: "n",
  sync: "Y",
  close: "C",
  io: "I",
  time: "T",
}

let binary

function cacheDirectory() {
  const modules = fileURLToPath(new URL("../../../node_modules", import.meta.url))
  for (const base of [join(modules, ".cache"), tmpdir()]) {
    try {
      const directory = join(base, "flashtree")
      mkdirSync(directory, { recursive: true })
      accessSync(directory, constants.W_OK)
      return directory
    } catch {
      // Read-only installation: the temporary directory it is.
    }
  }
  throw new Error("no writable directory for the compiled libdb1 driver")
}

function driver() {
  if (binary !== undefined) return binary
  const source = fileURLToPath(new URL("libdb1-driver.c", import.meta.url))
  const version = createHash("sha256").update(readFileSync(source)).digest("hex").slice(0, 16)
  const target = join(cacheDirectory(), `libdb1-driver-${version}`)
  if (!existsSync(target)) {
    // Several test processes may compile at once; each renames a whole file into place.
    const partial = `${target}.${process.pid}`
    const result = spawnSync("cc", ["-O2", "-Wall", "-rdynamic", source, "-o", partial, "-ldl"], {
      encoding: "utf8",
    })
    if (result.error) throw new Error(`the libdb1 oracle needs a C compiler (Debian: gcc): ${result.error}`)
    if (result.status !== 0) throw new Error(`libdb1-driver.c does not compile:\n${result.stderr}`)
    renameSync(partial, target)
  }
  binary = target
  return binary
}

const EMPTY = new Uint8Array(0)

function bytesOf(value) {
  if (value === undefined) return EMPTY
  return typeof value === "string" ? Buffer.from(value) : value
}

/** Gives the script of `operations`; see the head of libdb1-driver.c. */
function encode(operations) {
  let length = 0
  const parts = operations.map((operation) => {
    let argument = 0
    let key = operation.key
    let value = operation.value
    if (operation.op === "open") {
      const info = operation.info ?? {}
      argument = info.readonly ? O_RDONLY : O_RDWR
      if (info.create) argument |= O_CREAT
      if (info.truncate) argument |= O_TRUNC
      key = operation.path
      value = Buffer.alloc(24)
      value.writeUInt32LE(info.duplicates ? 1 : 0, 0)
      value.writeUInt32LE(info.cachesize ?? 0, 4)
      value.writeUInt32LE(info.minkeypage ?? 0, 8)
      value.writeUInt32LE(info.psize ?? 0, 12)
      value.writeUInt32LE(info.lorder ?? 0, 16)
      value.writeUInt32LE(0o644, 20)
    } else {
      argument = operation.flags ?? operation.code ?? operation.limit ?? 0
    }
    const code = CODES[operation.op]
    if (code === undefined) throw new Error(`unknown operation ${operation.op}`)
    const part = { code: code.charCodeAt(0), argument, key: bytesOf(key), value: bytesOf(value) }
    length += 13 + part.key.length + part.value.length
    return part
  })
  const script = Buffer.alloc(length)
  let at = 0
  for (const part of parts) {
    at = script.writeUInt8(part.code, at)
    at = script.writeUInt32LE(part.argument, at)
    at = script.writeUInt32LE(part.key.length, at)
    script.set(part.key, at)
    at = script.writeUInt32LE(part.value.length, at + part.key.length)
    script.set(part.value, at)
    at += part.value.length
  }
  return script
}

/** Gives as many answers as are whole, and the records of one that a crash cut short. */
function decode(answers) {
  const results = []
  let records = []
  let at = 0
  const whole = (length) => at + length <= answers.length
  while (whole(4)) {
    const keyLength = answers.readUInt32LE(at)
    at += 4
    if (keyLength === END) {
      if (!whole(8)) break
      results.push({ rc: answers.readInt32LE(at), errno: answers.readInt32LE(at + 4), records })
      records = []
      at += 8
      continue
    }
    if (!whole(keyLength + 4)) break
    const key = answers.subarray(at, at + keyLength)
    const valueLength = answers.readUInt32LE(at + keyLength)
    at += keyLength + 4
    if (!whole(valueLength)) break
    records.push([key, answers.subarray(at, at + valueLength)])
    at += valueLength
  }
  return { results, partial: records }
}

/** Runs the operations in one fresh process and gives their results, and how the process died if it did. */
export function run(operations, { seconds = 60 } = {}) {
  const child = spawnSync(driver(), [LIBRARY, String(seconds)], {
    input: encode(operations),
    maxBuffer: 2 ** 31 - 1,
    timeout: (seconds + 10) * 1000,
    killSignal: "SIGKILL",
  })
  // Before child.error: a driver that ends without reading its script makes an EPIPE of its own.
  if (child.status === 3) {
    throw new Error(
      `the tests need the real Berkeley DB 1.85: apt-get install libdb1-compat (${child.stderr.toString().trim()})`,
    )
  }
  if (child.error && child.signal === null) throw child.error
  if (child.status !== null && child.status !== 0 && child.signal === null) {
    throw new Error(`libdb1-driver ended with ${child.status}: ${child.stderr}`)
  }
  const { results, partial } = decode(child.stdout)
  for (let i = 0; i < results.length; i++) {
    const result = results[i]
    const op = operations[i].op
    if (op === "io") {
      const counters = result.records[0][0]
      result.io = Object.fromEntries(
        COUNTERS.map((name, index) => [name, Number(counters.readBigUInt64LE(index * 8))]),
      )
    }
    if (op === "time") result.nanoseconds = Number(result.records[0][0].readBigUInt64LE(0))
  }
  if (child.signal === null) return { results }
  return { results, crashed: { signal: child.signal, at: results.length, records: partial } }
}
