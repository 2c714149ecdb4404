/**
 * What test files ask of vitest, for the same files on XS: describe, test, it, each, and expect with the matchers they use.
 * Tests are collected while their file is evaluated and run by runTests, one after another; none may be asynchronous.
 */

interface Collected {
  name: string
  run: () => void
}

const collected: Collected[] = []
let path: string[] = []

export interface Outcome {
  passed: number
  /** "name: what was wrong" of each that failed. */
  failures: string[]
}

/** Runs the collected tests, from the `first`-th on, `most` of them at most. */
export function runTests(first = 0, most = collected.length): Outcome {
  const outcome: Outcome = { passed: 0, failures: [] }
  for (const { name, run } of collected.slice(first, first + most)) {
    try {
      const result = run() as unknown
      if (result instanceof Promise) throw new Error("an asynchronous test")
      outcome.passed++
    } catch (error) {
      outcome.failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return outcome
}

/** Gives the number of tests that were collected. */
export function countTests(): number {
  return collected.length
}

// ---- collecting --------------------------------------------------------------------------------------------------

function group(name: string, body: () => void): void {
  const above = path
  path = [...path, name]
  body()
  path = above
}

function one(name: string, run: () => void): void {
  collected.push({ name: [...path, name].join(" > "), run })
}

type Row = readonly unknown[]

/** Gives `name` with %s, %i, %d, %f replaced by the values of the row in turn, and %% by %. */
function format(name: string, row: Row): string {
  let next = 0
  return name.replace(/%([sidfoj%])/g, (_, kind: string) => (kind === "%" ? "%" : String(row[next++])))
}

function withEach<Body>(collect: (name: string, body: () => void) => void) {
  return Object.assign(collect, {
    each: (rows: readonly unknown[]) => (name: string, body: Body) => {
      for (const given of rows) {
        const row: Row = Array.isArray(given) ? given : [given]
        collect(format(name, row), () => (body as (...values: unknown[]) => void)(...row))
      }
    },
  })
}

export const describe = withEach(group)
export const test = withEach(one)
export const it = test

// ---- expecting ---------------------------------------------------------------------------------------------------

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null
}

function entriesOf(value: object): [unknown, unknown][] {
  if (value instanceof Map) return [...value]
  if (value instanceof Set) return [...value].map((member) => [member, true])
  return Object.entries(value).filter(([, member]) => member !== undefined)
}

/** What expect.objectContaining gives: equal to what has these properties, whatever else. */
class Containing {
  readonly properties: object

  constructor(properties: object) {
    this.properties = properties
  }
}

/** Tells whether both are of one kind and equal in all parts; `part`: `actual` may have more properties. */
function equal(actual: unknown, expected: unknown, part = false): boolean {
  if (Object.is(actual, expected)) return true
  if (!isObject(actual) || !isObject(expected)) return false
  if (expected instanceof Containing) return equal(actual, expected.properties, true)
  if (!part && Object.prototype.toString.call(actual) !== Object.prototype.toString.call(expected))
    return false
  if (ArrayBuffer.isView(expected) || Array.isArray(expected)) {
    const [a, b] = [actual, expected] as unknown as [ArrayLike<unknown>, ArrayLike<unknown>]
    if (a.length !== b.length) return false
    for (let i = 0; i < b.length; i++) if (!equal(a[i], b[i], part)) return false
    return true
  }
  const wanted = entriesOf(expected)
  if (part) return wanted.every(([name, value]) => equal(actual[name as string], value, true))
  const found = new Map(entriesOf(actual))
  return wanted.length === found.size && wanted.every(([name, value]) => equal(found.get(name), value))
}

function show(value: unknown): string {
  if (typeof value === "function") return `function ${value.name}`
  if (value instanceof Error) return `${value.name}: ${value.message}`
  if (value instanceof Uint8Array) return `bytes ${Array.from(value).join(" ")}`.slice(0, 200)
  if (value instanceof Map || value instanceof Set) return show([...value])
  return (JSON.stringify(value) ?? String(value)).slice(0, 400)
}

function contains(actual: unknown, member: unknown): boolean {
  if (typeof actual === "string") return actual.includes(String(member))
  return [...(actual as Iterable<unknown>)].some((one) => Object.is(one, member))
}

/** Gives what `task` throws as an Error, or undefined. */
function thrownBy(task: unknown): Error | undefined {
  try {
    ;(task as () => void)()
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
  return undefined
}

function throws(actual: unknown, expected: unknown): boolean {
  const error = thrownBy(actual)
  if (error === undefined || expected === undefined) return error !== undefined
  if (expected instanceof RegExp) return expected.test(error.message)
  if (typeof expected === "function") return error instanceof (expected as new () => Error)
  if (expected instanceof Error) return error.message === expected.message
  if (expected instanceof Containing) return equal(error, expected)
  return error.message.includes(String(expected))
}

const MATCHERS = {
  toBe: (actual: unknown, expected: unknown) => Object.is(actual, expected),
  toEqual: (actual: unknown, expected: unknown) => equal(actual, expected),
  toMatchObject: (actual: unknown, expected: unknown) => equal(actual, expected, true),
  toBeUndefined: (actual: unknown) => actual === undefined,
  toBeDefined: (actual: unknown) => actual !== undefined,
  toBeNull: (actual: unknown) => actual === null,
  toBeTypeOf: (actual: unknown, expected: unknown) => typeof actual === expected,
  toBeInstanceOf: (actual: unknown, expected: unknown) => actual instanceof (expected as new () => object),
  toContain: contains,
  toHaveLength: (actual: unknown, expected: unknown) => (actual as ArrayLike<unknown>).length === expected,
  toMatch: (actual: unknown, expected: unknown) => (expected as RegExp).test(actual as string),
  toBeGreaterThan: (actual: unknown, expected: unknown) => (actual as number) > (expected as number),
  toBeGreaterThanOrEqual: (actual: unknown, expected: unknown) => (actual as number) >= (expected as number),
  toBeLessThan: (actual: unknown, expected: unknown) => (actual as number) < (expected as number),
  toBeLessThanOrEqual: (actual: unknown, expected: unknown) => (actual as number) <= (expected as number),
  toThrow: throws,
}

type Expectation = Record<keyof typeof MATCHERS, (expected?: unknown) => void>

function expectation(actual: unknown, message: string | undefined, wanted: boolean): Expectation {
  const checks = Object.entries(MATCHERS).map(([name, matches]) => [
    name,
    (expected?: unknown) => {
      if (matches(actual, expected) === wanted) return
      const negated = wanted ? "" : "not "
      throw new Error(`${message ?? "expected"}: ${show(actual)} ${negated}${name} ${show(expected)}`)
    },
  ])
  return Object.fromEntries(checks) as Expectation
}

function expectAll(actual: unknown, message?: string): Expectation & { not: Expectation } {
  return Object.assign(expectation(actual, message, true), { not: expectation(actual, message, false) })
}

export const expect = Object.assign(expectAll, {
  objectContaining: (properties: object) => new Containing(properties),
})
