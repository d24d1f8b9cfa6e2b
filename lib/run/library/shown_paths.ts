/** Hides from clients where files are on this machine: they see names relative to the data directory, or only file names. */
import { Buffer } from "node:buffer";
import type { z } from "zod";
import { basename, isAbsolute, join, sep } from "node:path";
import { pathsIn, withPaths } from "../../config/paths.ts";
import { configPaths } from "../../config/schema.ts";
import type { RunEvent } from "../../base/events.ts";
import type { JsonText } from "../types.ts";

type Values = Readonly<Record<string, unknown>>;

interface Folders {
  /** The data directory, or "" if there is none. */
  readonly dataDir: string;
  readonly runsDir: string;
}

/** Shows config, events and metrics of one run without the folders of its files. */
export class ShownPaths {
  readonly #dataDir: string;
  /** Each path and the name that clients see. The longest come first, as a path may begin with another one. */
  readonly #names: readonly (readonly [path: string, name: string])[];

  constructor(config: Values, { dataDir, runsDir }: Folders) {
    this.#dataDir = dataDir;
    const folders = [dataDir, runsDir].filter(isAbsolute).map((folder) => [join(folder, sep), ""] as const);
    this.#names = [...this.#namesIn(config).values(), ...folders].sort(([a], [b]) => b.length - a.length);
  }

  config(config: Values): Values {
    const names = this.#namesIn(config);
    if (names.size === 0) return config;
    return withPaths(config, configPaths, new Map([...names].map(([field, [, name]]) => [field, name])));
  }

  text(text: string): string {
    return this.#names.reduce((shown, [path, name]) => shown.replaceAll(path, name), text);
  }

  /** Replaces the paths in `json`, which may be long. */
  json(json: JsonText): JsonText {
    return this.#names.reduce((shown, [path, name]) => replaced(shown, escaped(path), escaped(name)), json);
  }

  /** Replaces the paths in `value`, which `schema` describes. */
  value<Value>(value: Value, schema: z.ZodType<Value>): Value {
    return this.#names.length === 0 ? value : schema.parse(JSON.parse(this.#names.reduce(
      (shown, [path, name]) => shown.replaceAll(escaped(path), () => escaped(name)),
      JSON.stringify(value),
    )));
  }

  /** Returns the event with names for paths, and the same object if the event has no path. */
  event(event: RunEvent): RunEvent {
    switch (event.type) {
      case "started": {
        const { config, data } = event;
        const started = { ...event, config: this.config(config) };
        if (!data) return started;
        const shown = (texts: readonly string[]) => texts.map((text) => this.text(text));
        const { sources, warnings } = data;
        return {
          ...started,
          data: { ...data, sources: shown(sources), ...warnings && { warnings: shown(warnings) } },
        };
      }
      case "incident":
        return { ...event, message: this.text(event.message) };
      case "failed":
        return { ...event, error: this.text(event.error) };
      case "stopping":
        return { ...event, reason: this.text(event.reason) };
      case "cluster":
        return { ...event, members: event.members.map((one) => ({ ...one, incident: this.text(one.incident) })) };
      default:
        return event;
    }
  }

  /** Returns the paths of `config` that clients see by another name, by field. */
  #namesIn(config: Values): Map<string, readonly [path: string, name: string]> {
    const named = pathsIn(config, configPaths).map(({ field, path }) => [field, [path, this.#nameOf(path)]] as const);
    return new Map(named.filter(([, [path, name]]) => path !== name));
  }

  #nameOf(path: string): string {
    const folder = this.#dataDir === "" ? undefined : join(this.#dataDir, sep);
    if (folder !== undefined && path.startsWith(folder)) return path.slice(folder.length);
    return isAbsolute(path) || path.startsWith("..") ? basename(path) : path;
  }
}

/** Returns `text` as in a string of JSON. */
function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function replaced(bytes: JsonText, what: string, by: string): JsonText {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts: Uint8Array[] = [];
  let from = 0;
  for (let at = buffer.indexOf(what); at >= 0; at = buffer.indexOf(what, from)) {
    parts.push(buffer.subarray(from, at), Buffer.from(by));
    from = at + Buffer.byteLength(what);
  }
  return from === 0 ? bytes : new Uint8Array(Buffer.concat([...parts, buffer.subarray(from)]));
}
