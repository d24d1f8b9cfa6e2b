/** Publishes and fetches the objects of a session. Own objects stay in memory, so they need not be read back. */
import { remember } from "../../base/remember.ts";
import type { ObjectReference } from "../protocol/messages.ts";
import { getObject, putObject } from "../protocol/objects.ts";
import type { Context } from "./context.ts";

/** Own objects in memory: the upload and the base of the current and the previous round. */
const KEPT = 4;

export class Objects {
  readonly #context: Context;
  readonly #own = new Map<string, Uint8Array>();

  constructor(context: Context) {
    this.#context = context;
  }

  /** Publishes `bytes`, in chunks if they exceed `inline`, and keeps them. See `putObject`. */
  put(bytes: Uint8Array, inline?: number): ReturnType<typeof putObject> {
    const id = this.#context.newId();
    remember(this.#own, id, bytes, KEPT);
    return putObject(this.#context, id, bytes, inline);
  }

  /** Resolves to the bytes of an object. Throws Damaged. */
  async get(reference: ObjectReference, body: Uint8Array, key: string): Promise<Uint8Array> {
    const own = this.#own.get(reference.id);
    if (own) return own;
    const bytes = await getObject(this.#context, reference, body, key);
    this.#context.traffic.bytesDown += bytes.length;
    return bytes;
  }
}
