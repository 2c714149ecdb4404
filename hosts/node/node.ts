/** The entry "flashtree/node": what only Node has. */
export { FileStream, type FileStreamOptions, type NodeFsLike } from "./file-stream.ts"
