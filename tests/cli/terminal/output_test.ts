/** Tests commands whose standard output or standard error is full or closed. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { optionalTest, programAbsence } from "../../optional.ts";
import { PATIENCE_MS } from "../../patience.ts";
import { latestOf, ROOT, run, TINY, withFolder } from "../process.ts";

/** Returns the output of a shell for a line in which `lockstep COMMAND …` is the product. */
async function shell(folder: string, line: string): Promise<string> {
  const prelude = `lockstep() { "$DENO" run -q --no-prompt -A main.ts "$@"; }\n`;
  const { stdout } = await new Deno.Command("sh", {
    args: ["-c", prelude + line],
    cwd: ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
    env: { NO_COLOR: "1", DENO: Deno.execPath(), RUNS: folder },
    signal: AbortSignal.timeout(PATIENCE_MS),
  }).output();
  return new TextDecoder().decode(stdout);
}

const recipe = [...TINY, "--epochs", "2", "--target-accuracy", "0", "--port", "0"].join(" ");
const train = `lockstep train ${recipe} --exit --runs-dir "$RUNS"`;
const lost = "Cannot write to standard output: No space left on device (os error 28). Lines for it are lost; " +
  "the command continues\n";

const absence = programAbsence("sh", ["-c", "! echo 1 2>/dev/null > /dev/full && command -v curl >/dev/null"]);
const onFullDisk = (name: string, body: (folder: string) => Promise<void>) =>
  optionalTest(absence && "there is no /dev/full, or no curl", { name, fn: () => withFolder(body) });

onFullDisk("training continues if standard output is a full disk, and says so once", async (folder) => {
  for (const more of ["", "--log json"]) {
    const errors = await shell(folder, `${train} ${more} 2>&1 >/dev/full; echo "left with $?"`);
    // With JSON lines on standard output, the lines for people are on standard error.
    const others = more === "" ? "" : /^(Dashboard|Run|Keys): .*\n/gm;
    assertEquals(errors.replaceAll(others, ""), `${lost}left with 0\n`);
    const { reason } = JSON.parse(await Deno.readTextFile(`${await latestOf(folder)}/summary.json`));
    assertEquals(reason, "all epochs done");
  }
});

onFullDisk("training continues if both streams are full disks, or closed", async (folder) => {
  assertEquals(await shell(folder, `${train} >/dev/full 2>&1; echo "left with $?"`), "left with 0\n");
  const piped = await shell(
    folder,
    `{ ${train} --log json; echo "left with $?" >&3; } 3>&1 2>/dev/null | head -n 1 >/dev/null`,
  );
  assertEquals(piped, "");
  const code = await shell(folder, `exec 3>&1; { ${train} 2>/dev/null; echo "left with $?" >&3; } | true`);
  assertEquals(code, "left with 0\n");
});

onFullDisk("serve answers while its access log is on a full disk, and says so once", async (folder) => {
  await shell(folder, `${train} >/dev/null 2>&1`);
  const output = await shell(
    folder,
    `
    "$DENO" run -q --no-prompt -A main.ts serve "$RUNS/latest" --port 0 --access-log >"$RUNS/out" 2>/dev/full & server=$!
    until grep -q "^Serving" "$RUNS/out"; do sleep 0.05; kill -0 $server || exit 1; done
    url=$(grep -o "http://[^ ]*" "$RUNS/out")
    for path in livez readyz model; do curl -s -o /dev/null -w "%{http_code} " "$url/$path"; done
    kill $server; wait $server; echo "left with $?"; cat "$RUNS/out"
  `,
  );
  assertMatch(output, /^200 200 200 left with 0\n/);
  assertStringIncludes(output, "Cannot write to standard error: No space left on device");
  assertEquals(output.match(/Cannot write/g)?.length, 1, output);
});

onFullDisk("a command that only prints fails on a full disk, and ends on a closed pipe", async (folder) => {
  await shell(folder, `${train} >/dev/null 2>&1`);
  for (
    const command of [
      `lockstep predict "$RUNS/latest" 1 2 3 4 5 6 7 8`,
      `lockstep export "$RUNS/latest" --to js`,
      "lockstep check --help",
      `lockstep verify "$RUNS/latest"`,
    ]
  ) {
    const full = await shell(folder, `${command} 2>&1 >/dev/full; echo "left with $?"`);
    assertEquals(full, "error: Cannot write to standard output: No space left on device (os error 28)\nleft with 1\n");
    const gone = await shell(folder, `exec 3>&1; { ${command} 2>&3; echo "left with $?" >&3; } | true`);
    assertEquals(gone, "left with 0\n", command);
  }
});

Deno.test("predict prints foreign labels and texts without control characters", () =>
  withFolder(async (folder) => {
    const labels = ["\x1b[31mred\r\nClass: 0", "blue"];
    const rows = Array.from({ length: 40 }, (_, i) => ({ text: `word${i % 2}`, label: labels[i % 2] }));
    await Deno.writeTextFile(`${folder}/rows.jsonl`, rows.map((row) => JSON.stringify(row)).join("\n"));
    const flags = [...TINY.slice(0, 4), "--epochs", "1", "--exit", "--port", "0", "--runs-dir", folder];
    const data = ["--data", `${folder}/rows.jsonl`];
    const trained = await run("train", folder, [...data, ...flags]);
    assertEquals(trained.code, 0, trained.stderr);
    const asked = await run("predict", folder, [`${folder}/latest`, "word0"]);
    assertEquals(asked.stdout.split("\n").length, 2);
    assertStringIncludes(asked.stdout, "·[31mred··Class: 0");
    const judged = await run("evaluate", folder, [`${folder}/latest`, ...data]);
    assertEquals(judged.code, 0, judged.stderr);
    // deno-lint-ignore no-control-regex
    assertEquals(/[\x1b\r]/.test(asked.stdout + judged.stdout + trained.stdout), false);
  }));
