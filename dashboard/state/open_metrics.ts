/** Reads OpenMetrics text, as `/metrics` answers it. No DOM. */

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** By name, with the suffix of its type: `requests_total`, `seconds_bucket`. */
export type Metrics = ReadonlyMap<string, readonly Sample[]>;

/** Braces may stand within a label's quotes, and other braces after the number. */
const LINE = /^([A-Za-z_:][\w:]*)(?:\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\})? (\S+)/;
const LABEL = /([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/** All samples of `text`. Lines that are none, comments among them, are left out: a newer server may say more. */
export function parseMetrics(text: string): Metrics {
  const metrics = new Map<string, Sample[]>();
  for (const line of text.split("\n")) {
    const [, name, labels = "", number = ""] = LINE.exec(line) ?? [];
    if (name === undefined) continue;
    const samples = metrics.get(name) ?? [];
    metrics.set(name, samples);
    samples.push({ labels: parseLabels(labels), value: parseNumber(number) });
  }
  return metrics;
}

function parseLabels(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(LABEL)].map(([, name = "", value = ""]) => [name, value.replaceAll(/\\(.)/g, unescape)]),
  );
}

function unescape(_: string, character: string): string {
  return character === "n" ? "\n" : character;
}

function parseNumber(text: string): number {
  const infinite = /^([+-]?)inf(inity)?$/i.exec(text);
  if (infinite) return infinite[1] === "-" ? -Infinity : Infinity;
  return Number(text);
}

/** The value of a family with one sample. */
export function valueOf(metrics: Metrics, name: string): number | undefined {
  return metrics.get(name)?.[0]?.value;
}
