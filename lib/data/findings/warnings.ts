import { counted } from "../../base/counted.ts";
import type { RowWarning } from "../../config/data_shape.ts";
import { sourceName } from "../formats/bytes.ts";

/** Different warnings that are kept. */
const KINDS = 20;

/** What may be a mistake in rows that were read: each kind once, with the place where it came first. */
export class WarningLog {
  readonly #found = new Map<string, { readonly place: string; count: number }>();

  add({ file, line, warning }: RowWarning): void {
    const known = this.#found.get(warning);
    if (known) known.count++;
    else if (this.#found.size < KINDS) this.#found.set(warning, { place: `${sourceName(file)}:${line}`, count: 1 });
  }

  get messages(): string[] {
    return Array.from(this.#found, ([warning, { place, count }]) => {
      const more = count === 1 ? "" : ` (and ${counted(count - 1, "more such row")})`;
      return `${place} ${warning}${more}`;
    });
  }
}
