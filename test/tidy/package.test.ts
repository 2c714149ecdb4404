/**
 * Goal: what package.json promises is there, and works for whoever installs the package. Method: package.json is held
 * against what `npm run build` made; then flashtree is linked into an empty folder as a package, where every entry
 * point is imported by node, type-checked by tsc, and the command is run.
 */
import { execFileSync } from "node:child_process"
import { existsSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { filesIn, makeConsumer, ROOT, textOf } from "./sources.ts"

interface Manifest {
  name: string
  bin: Record<string, string>
  exports: Record<string, Target>
  files: string[]
  dependencies: Record<string, string>
  devDependencies: Record<string, string>
}

/** A path, or paths by condition. */
type Target = string | { [condition: string]: Target }

const manifest = JSON.parse(textOf("package.json")) as Manifest
const entries = Object.entries(manifest.exports).filter(([subpath]) => subpath !== "./package.json")
const specifiers = entries.map(([subpath]) => manifest.name + subpath.slice(1))
/** Entries whose code runs under Node; the others are for a device alone. */
const nodeSpecifiers = specifiers.filter((_, index) => "default" in (entries[index][1] as object))
const targets = Object.values(manifest.exports).flatMap(pathsOf)

function pathsOf(target: Target): string[] {
  return typeof target === "string" ? [target] : Object.values(target).flatMap(pathsOf)
}

describe("package.json", () => {
  it("pins every dependency to one version", () => {
    const all = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })
    expect(all.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([])
  })

  it("comes without a lockfile", () => {
    const lockfiles = ["package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock"]
    const tracked = existsSync(join(ROOT, ".git"))
      ? execFileSync("git", ["ls-files", ...lockfiles], { cwd: ROOT, encoding: "utf8" }).split("\n")
      : filesIn(".")
    expect(tracked.filter((path) => lockfiles.includes(path))).toEqual([])
    expect(textOf(".npmrc")).toContain("package-lock=false")
  })
})

/** The part of the SDK's manifest.json that names files of ours. */
interface ModdableManifest {
  modules?: Record<string, string>
  preload?: string[]
  platforms?: Record<string, ModdableManifest>
}

const moddable = JSON.parse(textOf("manifest.json")) as ModdableManifest
const optional = JSON.parse(textOf("manifest-optional.json")) as ModdableManifest

/** Gives the files that a manifest names, those for any platform included. */
function modulesOf({ modules, platforms }: ModdableManifest): string[] {
  const own = Object.values(modules ?? {}).map((path) => `${path.slice(2)}.js`)
  return [...new Set([...own, ...Object.values(platforms ?? {}).flatMap(modulesOf)])]
}

describe("manifest.json", () => {
  const platforms = Object.entries(moddable.platforms ?? {})

  it.each([...modulesOf(moddable), ...modulesOf(optional)])("names a module that is built: %s", (path) => {
    expect(existsSync(join(ROOT, path))).toBe(true)
  })

  it.each(platforms)(
    "on %s preloads what is there, and has every module that another one imports",
    (_name, part) => {
      const modules = { ...moddable.modules, ...part.modules }
      const preload = [...(moddable.preload ?? []), ...(part.preload ?? [])]
      expect(preload.filter((name) => !(name in modules))).toEqual([])
      for (const [name, path] of Object.entries(modules)) {
        const imported = [
          ...textOf(`${path.slice(2)}.js`).matchAll(/from\s+['"](\.\/|flashtree)([^'"]*)['"]/g),
        ]
        for (const [, start, rest] of imported) {
          const wanted = start === "./" ? name.replace(/[^/]*$/, rest) : start + rest
          expect(Object.keys(modules)).toContain(wanted.replace(/\.js$/, ""))
        }
      }
    },
  )

  it("preloads every module of the core", () => {
    expect(moddable.preload).toEqual(Object.keys(moddable.modules ?? {}))
  })

  it("has what is optional in a manifest of its own, preloaded too, which needs no more than the core", () => {
    expect(optional.preload).toEqual(Object.keys(optional.modules ?? {}))
    const modules = { ...moddable.modules, ...optional.modules }
    for (const path of modulesOf(optional)) {
      for (const [, name] of textOf(path).matchAll(/from\s+['"]\.\/([^'"]*)\.js['"]/g)) {
        expect(Object.values(modules)).toContain(`./dist/moddable/${name}`)
      }
    }
  })

  it("has a module for every entry that a program on a device may import", () => {
    const names = [moddable, optional, ...platforms.map(([, part]) => part)].flatMap(({ modules }) =>
      Object.keys(modules ?? {}),
    )
    const wanted = entries.filter(([, target]) => typeof target === "object" && "moddable" in target)
    for (const [subpath] of wanted) {
      if (!subpath.endsWith("-legacy")) expect(names).toContain(`flashtree${subpath.slice(1)}`)
    }
  })
})

describe("the built package", () => {
  let consumer: string

  beforeAll(() => {
    if (!existsSync(join(ROOT, "dist/node")))
      throw new Error("there is no dist/node: npm run build comes before this test")
    consumer = makeConsumer()
  })

  afterAll(() => {
    if (consumer) rmSync(consumer, { recursive: true })
  })

  const node = (...args: string[]): string =>
    execFileSync(process.execPath, args, {
      cwd: consumer,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    })

  it.each([...targets, ...Object.values(manifest.bin)])("has %s", (path) => {
    expect(existsSync(join(ROOT, path))).toBe(true)
  })

  it.each(nodeSpecifiers)("can be imported as %s", (specifier) => {
    const names = node(
      "--input-type=module",
      "--eval",
      `console.log(Object.keys(await import("${specifier}")).join())`,
    )
    expect(names.trim()).not.toBe("")
  })

  it("has types for every entry point", () => {
    const lines = specifiers.map((specifier, index) => `export * as entry${index} from "${specifier}"`)
    writeFileSync(join(consumer, "consumer.mts"), lines.join("\n"))
    const compilerOptions = {
      module: "nodenext",
      target: "es2022",
      strict: true,
      noEmit: true,
      types: ["node"],
    }
    writeFileSync(
      join(consumer, "tsconfig.json"),
      JSON.stringify({ compilerOptions, files: ["consumer.mts"] }),
    )
    let complaints = ""
    try {
      node(join(ROOT, "node_modules/typescript/bin/tsc"), "-p", ".")
    } catch (error) {
      complaints = (error as { stdout: string }).stdout
    }
    expect(complaints).toBe("")
  })

  it.each(Object.entries(manifest.bin))("has a command %s that explains itself", (name, path) => {
    expect(textOf(path)).toMatch(/^#!\/usr\/bin\/env node\n/)
    expect(node(join(ROOT, path), "--help")).toContain(name)
  })

  it("has no development checks in it", () => {
    const scripts = Object.values(manifest.bin).concat(targets.filter((path) => path.endsWith(".js")))
    for (const path of scripts) expect(textOf(path)).not.toContain("__DEV__")
  })

  it("takes along what it points at, and nothing that only the project needs", () => {
    const npm = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
      cwd: ROOT,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    })
    const [{ files }] = JSON.parse(npm) as { files: { path: string }[] }[]
    const paths = files.map(({ path }) => path)
    const needed = [...targets, ...Object.values(manifest.bin)].map((path) => path.slice(2))
    expect(paths).toEqual(expect.arrayContaining([...needed, "package.json", "LICENSE", "CHANGELOG.md"]))
    expect(paths.filter((path) => /^(test|examples|\.ci)\//.test(path))).toEqual([])
    expect(paths).toEqual(expect.arrayContaining(["manifest.json", ...modulesOf(moddable)]))
  })
})
