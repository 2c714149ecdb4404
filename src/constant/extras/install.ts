/** Adds what the core leaves out to its classes. */
import { Reader } from "../reader.ts"
import { Table } from "../table.ts"
import { items } from "./items.ts"
import { verify } from "./verify.ts"
import { verifyTable } from "./verify-table.ts"

Reader.prototype.verify = verify
Reader.prototype.items = items
Table.prototype.verify = verifyTable
Table.prototype.items = items

export { Reader } from "../reader.ts"
export { Table } from "../table.ts"
