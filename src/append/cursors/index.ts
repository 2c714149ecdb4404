/** Cursors, and what goes through a range: on Espruino the module "append-cursors", which "append" asks for when the first cursor is made. */
export { AppendCursor } from "./cursor.ts"
