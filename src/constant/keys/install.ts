/** Adds verify() to the class. */
import { Table } from "./table.ts"
import { verify } from "./verify.ts"

Table.prototype.verify = verify

export { Table } from "./table.ts"
