/**
 * Makes one script of a file of inside/ and everything it imports, as rollup.config.mjs makes the bundles that ship: XS
 * then runs the library's source and the tests' logic together. `vitest` is replaced by inside/vitest.ts.
 */
import { fileURLToPath } from "node:url"
import { transformSync } from "@swc/core"
import { type Plugin, rollup } from "rollup"

export interface BundleOptions {
  /** Keep the checks that dist/ leaves out; budgets are counted without them. Default: true. */
  development?: boolean
  format?: "iife" | "es"
}

/** Gives the text of the file beside this one that `path` names, bundled. @throws Error on any warning of rollup */
export async function bundle(path: string, options: BundleOptions = {}): Promise<string> {
  const build = await rollup({
    input: fileURLToPath(new URL(path, import.meta.url)),
    plugins: [replaceVitest(), stripTypes(options.development ?? true)],
    onwarn(warning) {
      throw new Error(warning.message)
    },
  })
  const { output } = await build.generate({
    format: options.format ?? "iife",
    generatedCode: { symbols: false },
  })
  await build.close()
  return output[0].code
}

function replaceVitest(): Plugin {
  const runner = fileURLToPath(new URL("inside/vitest.ts", import.meta.url))
  return { name: "replace-vitest", resolveId: (specifier) => (specifier === "vitest" ? runner : null) }
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
