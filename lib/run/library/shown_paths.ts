/** Keeps from clients where files are on this machine: they see names in the data directory, or the bare names of files. */
import { Buffer } from "node:buffer";
import { basename, isAbsolute, join, sep } from "node:path";
import { pathsIn, withPaths } from "../../config/paths.ts";
import { configPaths } from "../../config/schema.ts";
import type { RunEvent } from "../../base/events.ts";
import type { JsonText } from "../types.ts";

type Values = Readonly<Record<string, unknown>>;

export interface Folders {
  /** "" if there is none. */
  readonly dataDir: string;
  readonly runsDir: string;
}

/** Shows what there is of one run. */
export class ShownPaths {
  readonly #dataDir: string;
  /** What is written, and what is shown of it: the longest first, as it may begin with another. */
  readonly #names: readonly (readonly [path: string, name: string])[];

  /** Of a run with `config`, in a process with `folders`. */
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

  /** `json` may be long. */
  json(json: JsonText): JsonText {
    return this.#names.reduce((shown, [path, name]) => replaced(shown, escaped(path), escaped(name)), json);
  }

  /** The same event where nothing of it names a file. */
  event(event: RunEvent): RunEvent {
    switch (event.type) {
      case "started": {
        const { data, ...rest } = event;
        const started = { ...rest, config: this.config(event.config) };
        if (!data) return started;
        const { warnings } = data;
        const shown = { ...data, sources: data.sources.map((source) => this.text(source)) };
        return {
          ...started,
          data: warnings ? { ...shown, warnings: warnings.map((warning) => this.text(warning)) } : shown,
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

  /** The paths of `config` that are shown by another name, by their fields. */
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

/** `text` within a JSON text. */
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
