/** Lays areas of memory out one after another, each at the start of a cache line. */

/** Counts the bytes of a cache line. */
export const LINE_BYTES = 64;

/** Counts the bytes of a page of WebAssembly memory. */
export const PAGE_BYTES = 65_536;

/** Rounds `bytes` up to whole cache lines. */
export function wholeLines(bytes: number): number {
  return Math.ceil(bytes / LINE_BYTES) * LINE_BYTES;
}

/** Maps each area to its byte offset. */
export type Offsets<Bytes> = { readonly [Area in keyof Bytes]: number };

export class Regions {
  #end: number;

  /** Areas begin at `byteOffset`, a multiple of LINE_BYTES. */
  constructor(byteOffset: number) {
    this.#end = byteOffset;
  }

  /** Returns the offset of the first byte after all areas. */
  get end(): number {
    return this.#end;
  }

  /** Places an area of each of the sizes `bytes`, in order. */
  place<Bytes extends Readonly<Record<string, number>>>(bytes: Bytes): Offsets<Bytes> {
    const places = Object.entries(bytes).map(([name, size]): [string, number] => {
      const begin = this.#end;
      this.#end += wholeLines(size);
      return [name, begin];
    });
    return Object.fromEntries(places) as Offsets<Bytes>;
  }
}
