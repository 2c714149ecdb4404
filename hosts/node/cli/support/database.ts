/** Opening a database file for one verb, and closing it again whatever happens. */
import { statSync, unlinkSync } from "node:fs"
import { btree } from "../../../../src/index.ts"
import { FileStream } from "../../file-stream.ts"
import { fileExists, requireFile, requireWritable } from "./files.ts"

export type Tree = ReturnType<typeof btree.open>
export type Cursor = ReturnType<Tree["cursor"]>
export type Finding = ReturnType<Tree["check"]>[number]

/** Options for a database that may have to be created. */
export interface CreateOptions {
  pagesize?: number
  duplicates?: boolean
  checksums?: boolean
}

/** Opens `path` for reading only, hands the tree to `use` and closes everything. @throws ENOENT, EISDIR, EFTYPE ... */
export function readTree<T>(path: string, use: (tree: Tree) => T): T {
  requireFile(path)
  const stream = new FileStream(path, { readonly: true })
  return closing(stream, () => withTree(btree.open(stream, { readonly: true }), use))
}

/** Opens the existing `path` for reading and writing; close() flushes what `use` did, unless it throws. */
export function updateTree<T>(path: string, use: (tree: Tree) => T): T {
  requireFile(path)
  requireWritable(path)
  const stream = new FileStream(path)
  return closing(stream, () => withTree(btree.open(stream), use))
}

/**
 * Like updateTree, and creates `path` where it is missing. `options` have no effect on an existing database. A file
 * created here is removed again when `use` throws before anything was written to it.
 */
export function createTree<T>(path: string, options: CreateOptions, use: (tree: Tree) => T): T {
  const isNew = !fileExists(path)
  if (!isNew) requireWritable(path)
  try {
    const stream = new FileStream(path, { create: true })
    return closing(stream, () => withTree(btree.open(stream, options), use))
  } catch (error) {
    if (isNew && statSync(path, { throwIfNoEntry: false })?.size === 0) unlinkSync(path)
    throw error
  }
}

// When `use` throws, the tree is not closed: closing would flush half of what it meant to do.
function withTree<T>(tree: Tree, use: (tree: Tree) => T): T {
  const result = use(tree)
  tree.close()
  return result
}

function closing<T>(stream: { close(): void }, use: () => T): T {
  try {
    return use()
  } finally {
    stream.close()
  }
}
