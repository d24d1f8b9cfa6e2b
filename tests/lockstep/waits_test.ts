import { assert, assertEquals } from "@std/assert";

/** Lists the arguments of every call of `name` in `source`, split at commas outside of brackets. */
function callsOf(name: string, source: string): string[][] {
  const calls: string[][] = [];
  for (let at = source.indexOf(`${name}(`); at >= 0; at = source.indexOf(`${name}(`, at + 1)) {
    const args = [""];
    let depth = 0;
    for (let i = at + name.length; i < source.length; i++) {
      const letter = source[i]!;
      if ("([{".includes(letter)) depth++;
      if (")]}".includes(letter)) depth--;
      if (depth === 0) break;
      if (letter === "," && depth === 1) args.push("");
      else if (i > at + name.length) args[args.length - 1] += letter;
    }
    calls.push(args.map((arg) => arg.trim()).filter((arg) => arg !== ""));
  }
  return calls;
}

async function sources(folder: URL): Promise<[path: string, source: string][]> {
  const found: [string, string][] = [];
  for await (const entry of Deno.readDir(folder)) {
    const url = new URL(entry.name + (entry.isDirectory ? "/" : ""), folder);
    if (entry.isDirectory) found.push(...await sources(url));
    else if (entry.name.endsWith(".ts")) found.push([url.pathname, await Deno.readTextFile(url)]);
  }
  return found;
}

Deno.test("every wait on shared memory has a deadline", async () => {
  const root = new URL("../../", import.meta.url);
  const files = [...await sources(new URL("lib/", root)), ...await sources(new URL("workers/", root))];
  let waits = 0;
  for (const [path, source] of files) {
    for (const name of ["Atomics.wait", "Atomics.waitAsync"]) {
      for (const args of callsOf(name, source)) {
        waits++;
        // Array, index, expected value, milliseconds.
        assertEquals(args.length, 4, `${path}: ${name}(${args})`);
        assert(!/Infinity/.test(args[3]!), path);
      }
    }
  }
  assert(waits >= 3, `only ${waits} waits were found`);
});

Deno.test("callsOf() distinguishes waits with a deadline from those without", () => {
  assertEquals(callsOf("Atomics.wait", "Atomics.wait(a, f(0, 1), 2); Atomics.wait(new X(1, 2), 0, 0, 5)"), [
    ["a", "f(0, 1)", "2"],
    ["new X(1, 2)", "0", "0", "5"],
  ]);
});
