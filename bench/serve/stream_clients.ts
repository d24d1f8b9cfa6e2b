/**
 * Opens many event streams at once, in a process of their own: `stream_clients.ts PORT COUNT`. Prints `open` when all have
 * answered; at the first line on standard input it prints the number of events and the CPU time, and ends.
 */
import { cpuUsage } from "node:process";

const [port, count] = Deno.args.map(Number);
const decoder = new TextDecoder();
const print = (line: string) => void Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));

/** Tracks each stream: its newest event, and whether one was missing before it. */
const newest = new Array<number>(count!).fill(0);
let gaps = 0;
let first = { events: 0, cpuSeconds: 0 };

const cpuSeconds = () => {
  const { user, system } = cpuUsage();
  return (user + system) / 1e6;
};
const events = () => newest.reduce((sum, id) => sum + id, 0);

async function follow(index: number, opened: () => void): Promise<void> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: port! });
  await connection.write(new TextEncoder().encode("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  const buffer = new Uint8Array(1 << 16);
  let rest = "";
  for (let length = await connection.read(buffer); length; length = await connection.read(buffer)) {
    opened();
    rest += decoder.decode(buffer.subarray(0, length));
    const lines = rest.split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      if (!line.startsWith("id: ")) continue;
      const id = Number(line.slice(4));
      if (id !== newest[index]! + 1) gaps++;
      newest[index] = id;
    }
  }
}

await Promise.all(
  newest.map((_, index) => new Promise<void>((resolve) => void follow(index, resolve).catch(() => {}))),
);
first = { events: events(), cpuSeconds: cpuSeconds() };
print("open");
await Deno.stdin.read(new Uint8Array(10));
print(JSON.stringify({ events: events() - first.events, gaps, cpuSeconds: cpuSeconds() - first.cpuSeconds }));
Deno.exit();
