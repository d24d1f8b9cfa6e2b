/** Parses the OpenMetrics text of `/metrics`. No DOM. */

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Samples by name, which includes the suffix of the type: `requests_total`, `seconds_bucket`. */
export type Metrics = ReadonlyMap<string, readonly Sample[]>;

/** Quotes of a label may contain braces, and an exemplar in braces may follow the number. */
const LINE = /^([A-Za-z_:][\w:]*)(?:\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\})? (\S+)/;
const LABEL = /([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/** Returns all samples of `text`. Ignores comments and unknown lines, which a newer server may send. */
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

/** Returns the value of a metric with one sample. */
export function valueOf(metrics: Metrics, name: string): number | undefined {
  return metrics.get(name)?.[0]?.value;
}
