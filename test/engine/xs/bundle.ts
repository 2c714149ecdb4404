/**
 * Makes one script of a file of inside/ and everything it imports, as rollup.config.mjs makes the bundles that ship: XS
 * then runs the library's source and the tests' logic together. `vitest` is replaced by inside/vitest.ts.
 */
import { existsSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { transformSync } from "@swc/core"
import { type Plugin, rollup } from "rollup"
// @ts-expect-error a build tool without types
import { inlineConstants } from "../../../hosts/espruino/build/inline-constants.mjs"
import { ROOT } from "../../tidy/sources.ts"

export interface BundleOptions {
  /** Keep the checks that dist/ leaves out; budgets are counted without them. Default: true. */
  development?: boolean
  format?: "iife" | "es"
  /** Source file -> what it is imported as, where it is a module of its own. */
  modules?: Record<string, string>
}

/** Gives the text of the file beside this one that `path` names, bundled. @throws Error on any warning of rollup */
export async function bundle(path: string, options: BundleOptions = {}): Promise<string> {
  const build = await rollup({
    input: fileURLToPath(new URL(path, import.meta.url)),
    plugins: [
      replaceVitest(),
      findEntries(),
      importModules(options.modules ?? {}),
      replacePlatform(),
      stripTypes(options.development ?? true),
    ],
    external: [/^node:/],
    // Nothing that runs on XS ends loops by force, which only Node can do.
    treeshake: { moduleSideEffects: (id) => !id.endsWith("/support/deadline.ts") && !id.startsWith("node:") },
    onwarn(warning) {
      throw new Error(warning.message)
    },
  })
  const { output } = await build.generate({ format: "es", generatedCode: { symbols: false } })
  await build.close()
  const code: string = inlineConstants(output[0].code)
  return options.format === "es" ? code : `(() => {\n"use strict"\n${code}\n})()\n`
}

function replaceVitest(): Plugin {
  const runner = fileURLToPath(new URL("inside/vitest.ts", import.meta.url))
  return { name: "replace-vitest", resolveId: (specifier) => (specifier === "vitest" ? runner : null) }
}

/** The package's entries, as an example imports them. */
function findEntries(): Plugin {
  return {
    name: "find-entries",
    resolveId(specifier) {
      const [, entry] = /^flashtree\/(\w+)$/.exec(specifier) ?? []
      return entry === undefined ? null : join(ROOT, `hosts/moddable/${entry}.ts`)
    },
  }
}

/** Leaves out what is a module of its own. */
function importModules(modules: Record<string, string>): Plugin {
  const names = new Map(Object.entries(modules).map(([path, name]) => [join(ROOT, path), name]))
  return {
    name: "import-modules",
    resolveId(specifier, importer) {
      const id = importer && names.get(resolve(dirname(importer), specifier))
      return id ? { id, external: true } : null
    },
  }
}

/** XS runs the library with Moddable's platform file, which itself stands on the portable one. */
function replacePlatform(): Plugin {
  const portable = join(ROOT, "src/platform.ts")
  const own = join(ROOT, "hosts/moddable/platform.ts")
  return {
    name: "replace-platform",
    resolveId(specifier, importer) {
      if (!importer || importer === own || !existsSync(own)) return null
      return resolve(dirname(importer), specifier) === portable ? own : null
    },
  }
}

/** What the plugin of rollup.config.mjs does, with its settings. */
function stripTypes(development: boolean): Plugin {
  const transform = (code: string, filename: string) =>
    transformSync(code, {
      filename,
      swcrc: false,
      configFile: false,
      jsc: {
        target: "es2022",
        parser: { syntax: "typescript" },
        transform: {
          verbatimModuleSyntax: true,
          useDefineForClassFields: false,
          optimizer: { globals: { vars: { __DEV__: String(development) } } },
        },
      },
    }).code
  return { name: "strip-types", transform }
}
