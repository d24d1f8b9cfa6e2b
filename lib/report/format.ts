/** Formats numbers for people. An unknown number is a dash. */

const UNKNOWN = "–";
const NBSP = "\u00a0";
const SUPERSCRIPTS: Readonly<Record<string, string>> = {
  "-": "⁻",
  0: "⁰",
  1: "¹",
  2: "²",
  3: "³",
  4: "⁴",
  5: "⁵",
  6: "⁶",
  7: "⁷",
  8: "⁸",
  9: "⁹",
};

// One locale for all users: logs and docs of this project are in English too.
const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });

type Maybe = number | null | undefined;

function known(value: Maybe): value is number {
  return value !== null && value !== undefined && Number.isFinite(value);
}

/** Formats a number as `12,345`. */
export function count(value: Maybe): string {
  return known(value) ? whole.format(value) : UNKNOWN;
}

/** Formats a number as `12.3K`, for axes. */
export function compact(value: Maybe): string {
  return known(value) ? short.format(value) : UNKNOWN;
}

/** Formats 0.9953 as `99.53 %`. */
export function percent(value: Maybe, digits = 2): string {
  return known(value) ? `${(100 * value).toFixed(digits)}${NBSP}%` : UNKNOWN;
}

/** Formats a loss as `0.0123`; a large loss has fewer decimals. */
export function loss(value: Maybe): string {
  if (!known(value)) return UNKNOWN;
  return value < 100 ? value.toFixed(4) : value.toExponential(2);
}

/** Formats a number as `3.2×10⁻³`, for values that span orders of magnitude. */
export function scientific(value: Maybe, digits = 1): string {
  if (!known(value)) return UNKNOWN;
  if (value === 0) return "0";
  const [mantissa = "", exponent = ""] = value.toExponential(digits).split("e");
  const raised = [...exponent.replace("+", "")].map((character) => SUPERSCRIPTS[character] ?? character).join("");
  return `${mantissa}×10${raised}`;
}

/** Formats seconds as `0:07`, `12:03`, `1:02:03` or `2d 03:04:05`. */
export function duration(seconds: Maybe): string {
  if (!known(seconds)) return UNKNOWN;
  const total = Math.max(0, Math.floor(seconds));
  const two = (value: number) => String(value).padStart(2, "0");
  const days = Math.floor(total / 86_400);
  const hours = Math.floor(total / 3600) % 24;
  const minutes = Math.floor(total / 60) % 60;
  const tail = `${two(minutes)}:${two(total % 60)}`;
  if (days > 0) return `${days}d ${two(hours)}:${tail}`;
  return hours > 0 ? `${hours}:${tail}` : `${minutes}:${two(total % 60)}`;
}

/** Formats seconds as `0.31 ms`, `12.4 ms` or `1.20 s`; Infinity, which is above the last bound, as `> 10 s`. */
export function latency(seconds: Maybe): string {
  if (seconds === Infinity) return `>${NBSP}10${NBSP}s`;
  if (!known(seconds)) return UNKNOWN;
  if (seconds >= 1) return `${seconds.toFixed(2)}${NBSP}s`;
  const milliseconds = 1000 * seconds;
  return `${milliseconds.toFixed(milliseconds < 10 ? 2 : 1)}${NBSP}ms`;
}

/** Formats bytes as `12.3 MB`, in powers of 1000. */
export function bytes(value: Maybe): string {
  if (!known(value)) return UNKNOWN;
  const units = ["B", "kB", "MB", "GB", "TB"];
  let [scaled, unit] = [value, 0];
  while (scaled >= 999.5 && unit < units.length - 1) [scaled, unit] = [scaled / 1000, unit + 1];
  return `${scaled.toFixed(unit > 0 && scaled < 99.95 ? 1 : 0)}${NBSP}${units[unit]}`;
}

/** Formats a number per second as `0.3`, `12.4` or `1,234`. */
export function rate(value: Maybe): string {
  return known(value) && value < 100 ? value.toFixed(1) : count(value);
}

/** Formats a time as `2026-01-02 03:04`, in the time zone of the browser. */
export function moment(iso: string): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return UNKNOWN;
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** Returns the first characters of a digest, enough to tell two apart. */
export function shortDigest(digest: string): string {
  return digest.length > 14 ? `${digest.slice(0, 12)}…` : digest || UNKNOWN;
}

/** Formats a value of the config as JSON, but a string without quotes. */
export function plain(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value) ?? UNKNOWN;
}
