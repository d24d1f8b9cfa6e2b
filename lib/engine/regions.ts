/** Lays areas of memory out one after another, each at the start of a cache line. */

/** A cache line. */
export const LINE_BYTES = 64;

/** A page of WebAssembly memory. */
export const PAGE_BYTES = 65_536;

/** `bytes` rounded up to whole cache lines. */
export function wholeLines(bytes: number): number {
  return Math.ceil(bytes / LINE_BYTES) * LINE_BYTES;
}

/** The byte offset of each area. */
export type Offsets<Bytes> = { readonly [Area in keyof Bytes]: number };

export class Regions {
  #end: number;

  /** Areas begin at `byteOffset`, a multiple of LINE_BYTES. */
  constructor(byteOffset: number) {
    this.#end = byteOffset;
  }

  /** The first byte after all areas. */
  get end(): number {
    return this.#end;
  }

  /** Places an area for each of `bytes`, which are their sizes, in order. */
  place<Bytes extends Readonly<Record<string, number>>>(bytes: Bytes): Offsets<Bytes> {
    const places = Object.entries(bytes).map(([name, size]): [string, number] => {
      const begin = this.#end;
      this.#end += wholeLines(size);
      return [name, begin];
    });
    return Object.fromEntries(places) as Offsets<Bytes>;
  }
}
