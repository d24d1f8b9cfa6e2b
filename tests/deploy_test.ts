/** The files in deploy/ against the product: their flags, what they copy, and what systemd says. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { parseArguments } from "../lib/cli/arguments.ts";
import { flags } from "../lib/config/flags.ts";
import { resolveConfig } from "../lib/config/resolve.ts";
import { ROOT, withFolder } from "./cli/process.ts";

const read = (name: string) => Deno.readTextFile(`${ROOT}deploy/${name}`);
const SYSTEMD = "/usr/bin/systemd-analyze";

/** The config that the words behind `train` mean. Throws an InputError if they mean none. */
function configOf(words: readonly string[]) {
  const { values, positionals } = parseArguments(words.slice(words.indexOf("train") + 1), flags, []);
  assertEquals(positionals, []);
  return resolveConfig(undefined, [{ values, nameOf: (key) => key }]);
}

Deno.test("the Dockerfile's command has flags that there are, a token, and a user who is not root", async () => {
  const text = await read("Dockerfile");
  const json = (name: string): string[] => JSON.parse(new RegExp(`^${name} (\\[.*\\])$`, "m").exec(text)![1]!);
  const config = configOf([...json("ENTRYPOINT"), ...json("CMD")]);
  assertEquals([config.host, config.tokenFile], ["0.0.0.0", "/run/secrets/token"]);
  assert(json("ENTRYPOINT").includes("-P=train"));
  assertMatch(text, /^USER lockstep$/m);
  assertMatch(text, /deno@2\.9\.6/);
});

Deno.test("what the Dockerfile copies trains and serves, with a cache that is only read", () =>
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
    const small = ["--epochs", "1", "--hidden", "8", "--exit", "--port", "0"];
    const { code, stderr } = await new Deno.Command(Deno.execPath(), { args: [...args, ...small], cwd: tree }).output();
    assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
    const summary = JSON.parse(await Deno.readTextFile(`${tree}/runs/latest/summary.json`));
    assertEquals(summary.epochs, 1);
  }));

Deno.test("the unit's command has flags that there are", async () => {
  const text = await read("lockstep.service");
  const command = /^ExecStart=((?:.*\\\n)*.*)$/m.exec(text)![1]!.replaceAll("\\\n", " ");
  const config = configOf(command.trim().split(/ +/));
  assertEquals([config.host, config.runsDir], ["127.0.0.1", "/var/lib/lockstep/runs"]);
  assertMatch(text, /^DynamicUser=yes$/m);
  assertMatch(text, /^ProtectSystem=strict$/m);
});

Deno.test({
  name: "systemd takes the unit, where there is systemd",
  ignore: !(await Deno.stat(SYSTEMD).catch(() => undefined)),
  fn: () =>
    withFolder(async (folder) => {
      // Deno may be elsewhere on this machine.
      const unit = (await read("lockstep.service")).replace("/usr/local/bin/deno", Deno.execPath());
      await Deno.writeTextFile(`${folder}/lockstep.service`, unit);
      const args = ["verify", "--man=no", `${folder}/lockstep.service`];
      const { code, stderr } = await new Deno.Command(SYSTEMD, { args }).output();
      assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
    }),
});
