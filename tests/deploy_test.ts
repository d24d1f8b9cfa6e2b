/** Tests the files in deploy/: their flags, the files that they copy, and their unit for systemd. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { parseArguments } from "../lib/cli/arguments/arguments.ts";
import { flags } from "../lib/cli/arguments/flags.ts";
import { resolveConfig } from "../lib/config/resolve.ts";
import { KERNELS, latestOf, ROOT, withFolder } from "./cli/process.ts";
import { executableAbsence, optionalTest } from "./optional.ts";

const read = (name: string) => Deno.readTextFile(`${ROOT}deploy/${name}`);
const SYSTEMD = "/usr/bin/systemd-analyze";

/** Returns the config of the arguments after `train`. Throws an InputError if they are invalid. */
function configOf(words: readonly string[]) {
  const { values, positionals } = parseArguments(words.slice(words.indexOf("train") + 1), flags, []);
  assertEquals(positionals, []);
  return resolveConfig(undefined, [{ values, nameOf: (key) => key }]);
}

Deno.test("the Dockerfile's command has valid flags, a token, and a user who is not root", async () => {
  const text = await read("Dockerfile");
  const json = (name: string): string[] => JSON.parse(new RegExp(`^${name} (\\[.*\\])$`, "m").exec(text)![1]!);
  const config = configOf([...json("ENTRYPOINT"), ...json("CMD")]);
  assertEquals([config.host, config.tokenFile], ["0.0.0.0", "/run/secrets/token"]);
  assert(json("ENTRYPOINT").includes("-P=train"));
  assertMatch(text, /^USER lockstep$/m);
  assertMatch(text, /deno@2\.9\.6/);
});

Deno.test("the files that the Dockerfile copies train and serve, with a read-only cache", () =>
  withFolder(async (folder) => {
    const copies = [...(await read("Dockerfile")).matchAll(/^COPY (?!--from)(.+) (\S+)$/gm)];
    const tree = `${folder}/app`;
    await Deno.mkdir(tree);
    for (const [, sources, target] of copies) {
      for (const source of sources!.split(" ")) {
        const args = ["-r", `${ROOT}${source}`, target === "./" ? `${tree}/` : `${tree}/${target}`];
        assert((await new Deno.Command("cp", { args }).output()).success, `cp ${args.join(" ")}`);
      }
    }
    const args = ["run", "-q", "--cached-only", "--no-prompt", "-P=train", "main.ts", "train"];
    const small = ["--epochs", "1", "--hidden", "8", "--exit", "--port", "0", ...KERNELS];
    const { code, stderr } = await new Deno.Command(Deno.execPath(), { args: [...args, ...small], cwd: tree }).output();
    assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
    const summary = JSON.parse(await Deno.readTextFile(`${await latestOf(`${tree}/runs`)}/summary.json`));
    assertEquals(summary.epochs, 1);
  }));

Deno.test("the unit's command has valid flags", async () => {
  const text = await read("lockstep.service");
  const command = /^ExecStart=((?:.*\\\n)*.*)$/m.exec(text)![1]!.replaceAll("\\\n", " ");
  const config = configOf(command.trim().split(/ +/));
  assertEquals([config.host, config.runsDir], ["127.0.0.1", "/var/lib/lockstep/runs"]);
  assertMatch(text, /^DynamicUser=yes$/m);
  assertMatch(text, /^ProtectSystem=strict$/m);
});

optionalTest(executableAbsence(SYSTEMD), {
  name: "systemd accepts every unit",
  fn: () =>
    withFolder(async (folder) => {
      const units = [...Deno.readDirSync(`${ROOT}deploy`), ...Deno.readDirSync(`${ROOT}deploy/systemd`)]
        .map(({ name }) => name).filter((name) => /\.(service|timer)$/.test(name));
      assert(units.length >= 5);
      for (const name of units) {
        const path = name.startsWith("lockstep.") ? name : `systemd/${name}`;
        // This machine may have programs in other places, and may lack other units.
        const unit = (await read(path)).replaceAll(/^(Exec\w+=)\S+/gm, `$1${Deno.execPath()}`);
        await Deno.writeTextFile(`${folder}/${name}`, unit);
      }
      const names = units.map((name) => `${folder}/${name.replace("@.", "@instance.")}`);
      const { code, stderr } = await new Deno.Command(SYSTEMD, { args: ["verify", "--man=no", ...names] }).output();
      assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
    }),
});
