/** Reads points in time: ISO 8601 dates, or numbers such as seconds since 1970. */

export interface Time {
  /** Milliseconds since 1970 of a date, or the number. */
  readonly value: number;
  readonly isDate: boolean;
}

const NUMBER = /^[-+]?\d+(?:\.\d+)?$/;
/** Matches 2024-03, 2024-03-01, 2024-03-01T12:30 and 2024-03-01 12:30:59.25+01:00. */
const DATE =
  /^(\d{4})-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s?(Z|[-+]\d\d(?::?\d\d)?)?)?)?$/i;

/** Returns the time that is written as `text`; undefined if it is none. A date without an offset is in UTC. */
export function parseTime(text: string): Time | undefined {
  if (NUMBER.test(text)) return { value: Number(text), isDate: false };
  const found = DATE.exec(text);
  if (!found) return undefined;
  const [, year, month, day = "1", hour = "0", minute = "0", second = "0", fraction = "0", zone = "Z"] = found;
  const parts = [year, month, day, hour, minute, second].map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const utc = new Date(0);
  utc.setUTCFullYear(parts[0], parts[1] - 1, parts[2]);
  // A day or month that does not exist would become a later one.
  if (utc.getUTCMonth() !== parts[1] - 1 || utc.getUTCDate() !== parts[2]) return undefined;
  if (parts[3] > 24 || parts[4] > 59 || parts[5] > 60) return undefined;
  utc.setUTCHours(parts[3], parts[4], parts[5]);
  const [, sign, hours = "0", minutes = "0"] = /^([-+])(\d\d):?(\d\d)?$/.exec(zone) ?? [];
  const offset = (Number(hours) * 60 + Number(minutes)) * (sign === "-" ? -1 : 1);
  return { value: utc.getTime() + 1000 * Number(`0.${fraction}`) - 60_000 * offset, isDate: true };
}

/** Writes a time: a date in ISO 8601, without the time of day if that is midnight; a number by itself. */
export function formatTime({ value, isDate }: Time): string {
  return isDate ? new Date(value).toISOString().replace(/T00:00:00\.000Z$/, "").replace(".000Z", "Z") : String(value);
}
