/**
 * `embedded:storage/flash` over the flash of host/, whose functions are native as the SDK's are. Every label is the same partition, all
 * of the flash. The names declared here are the host's.
 */
declare function flashRead(buffer: Uint8Array, byteOffset: number): number
declare function flashWrite(buffer: Uint8Array, byteOffset: number): void
declare function flashErase(start: number, end: number): void

const SIZE = 1 << 18
const BLOCK_LENGTH = 4096

export default {
  open: () => ({
    read: flashRead,
    write: flashWrite,
    eraseBlock: flashErase,
    status: () => ({ size: SIZE, blocks: SIZE / BLOCK_LENGTH, blockLength: BLOCK_LENGTH }),
    close: () => undefined,
  }),
}
