/**
 * The storage modules of the Moddable SDK 8, as far as they are used here: `embedded:storage/flash` and `embedded:storage/files` of
 * ECMA-419, and the older `flash` and `file`. No npm package declares them.
 */
declare module "embedded:storage/flash" {
  interface Flash {
    close(): void
    /** Both arguments, always: an explicit undefined becomes 0. */
    eraseBlock(start: number, end: number): void
    read(buffer: Uint8Array, byteOffset: number): number
    write(buffer: Uint8Array, byteOffset: number): void
    /** writeAlign and eraseValue come from Zephyr alone. */
    status(): { size: number; blocks: number; blockLength: number; writeAlign?: number; eraseValue?: number }
  }
  const partitions: {
    open(options: { path: string; mode?: "r" | "r+" }): Flash
  }
  export default partitions
}

declare module "embedded:storage/files" {
  const root: import("./files-directory.ts").FilesDirectory
  export default root
}

declare module "flash" {
  export default class Flash {
    constructor(partition: string)
    readonly byteLength: number
    readonly blockSize: number
    read(offset: number, byteLength: number): ArrayBuffer
    write(offset: number, byteLength: number, buffer: Uint8Array): void
    erase(sector: number): void
    /** The whole partition, read-only; throws where the chip maps none. */
    map(): ArrayBuffer
  }
}

declare module "file" {
  export class File {
    constructor(path: string, write?: boolean)
    readonly length: number
    position: number
    /** Throws at the end of the file. */
    read(type: ArrayBufferConstructor, count: number): ArrayBuffer
    write(bytes: ArrayBuffer): void
    close(): void
    static delete(path: string): boolean
    static exists(path: string): boolean
  }
  export const Directory: {
    create(path: string): void
  }
}

/** What the manifests say under "config"; the module `file` comes with the root of its paths. */
declare module "mc/config" {
  const config: { readonly file: { readonly root: string } }
  export default config
}
