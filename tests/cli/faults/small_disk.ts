/** A small disk of its own for a process of these tests: a tmpfs, in a namespace that ends with it. */
import { PATIENCE_MS } from "../../patience.ts";
import { ROOT } from "../process.ts";

/** Longest that a script may take, in seconds; all its processes are killed then. */
const DEADLINE_S = 3 * PATIENCE_MS / 1000;

export interface Scripted {
  readonly code: number;
  readonly output: string;
}

async function shell(script: string, args: readonly string[]): Promise<Scripted> {
  const timed = ["-k", "1", String(DEADLINE_S), "sh", "-c", script, "sh", ...args];
  const { code, stdout, stderr } = await new Deno.Command("unshare", {
    args: ["--map-root-user", "--mount", "timeout", ...timed],
    cwd: ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).output();
  return { code, output: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

/** Why there are no small disks here, if there are none. */
export async function whyNoSmallDisk(): Promise<string | undefined> {
  const folder = await Deno.makeTempDir();
  try {
    const { code, output } = await shell(`mount -t tmpfs -o size=64k none "$1"`, [folder]);
    return code === 0 ? undefined : `no tmpfs can be mounted: ${output.trim()}`;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "unshare is not installed";
    throw error;
  } finally {
    await Deno.remove(folder);
  }
}

/**
 * Runs `script` with a disk of two MiB at `$disk`, and copies what is on it to `folder` at the end. In the script
 * `lockstep COMMAND ARGUMENT…` is the product, `await TEXT` waits until it has printed that, or "left with"; `fill KIB`
 * and `free` take room and give it back, and `fill_until TEXT` takes all of it, again and again until that is printed:
 * what the product removes, or did not finish to write, must not become room for it. `held COMMAND` runs a command while
 * the product is stopped, so that it is done before the product's next round.
 */
export function onSmallDisk(folder: string, script: string): Promise<Scripted> {
  const prelude = `
    disk="$1/disk"; deno="$2"; out="$1/out.txt"
    mkdir "$disk" && mount -t tmpfs -o size=2048k none "$disk" && touch "$out"
    lockstep() {
      "$deno" run -q --no-prompt -P=train --allow-read=".,$disk" --allow-write="$disk" main.ts "$@" --port 0 --exit >>"$out" 2>&1 &
      echo $! > "$disk.pid"; wait $!
    }
    held() { kill -STOP "$(cat "$disk.pid")" 2>/dev/null; "$@"; kill -CONT "$(cat "$disk.pid")" 2>/dev/null; }
    fill_up() { head -c 4000k /dev/zero >> "$disk/ballast" 2>/dev/null; }
    await() { until grep -q -e "$1" -e "left with" "$out"; do sleep 0.05; done; }
    fill() { head -c "$1"k /dev/zero > "$disk/ballast" 2>/dev/null; }
    fill_until() { held fill_up; until grep -q -e "$1" -e "left with" "$out"; do fill_up; sleep 0.02; done; }
    free() { rm "$disk/ballast"; }
  `;
  const end = `
    cp -r "$disk/." "$1/kept"; cat "$out"
  `;
  return shell(prelude + script + end, [folder, Deno.execPath()]);
}
