/** Reads sizes in bytes as people write them. */
const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
};

/** Returns the bytes of `100000`, `300kB`, `1.5 MB` or `1MiB`, in capitals or not; undefined for anything else. */
export function byteSize(text: string): number | undefined {
  const [, digits, unit] = /^(\d{1,12}(?:\.\d{1,12})?)\s*([a-z]*)$/i.exec(text.trim()) ?? [];
  const factor = unit === undefined ? undefined : UNITS[unit.toLowerCase()];
  const bytes = factor === undefined ? 0 : Math.floor(Number(digits) * factor);
  return bytes > 0 ? bytes : undefined;
}
