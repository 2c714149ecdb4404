/** Checks of our own logic, never of input: a failure is a bug in flashtree. Always on. */
export function assert(condition: boolean, invariant: string): void {
  if (!condition) throw new Error(`flashtree assertion failed: ${invariant}`)
}
