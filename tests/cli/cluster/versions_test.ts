/** A process on a server where machines of another version of Lockstep train under the name, with either average. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { connectNats } from "../../../lib/cluster/nats/connection.ts";
import { natsTest } from "../../cluster/nats/nats_server.ts";
import { inTemporaryDirectory } from "../../run/temporary.ts";
import { start } from "../process.ts";

const RECIPE = ["--shards=2", "--vocabulary=300", "--steps-per-epoch=5", "--target-accuracy=0", "--held-out=64"];

for (const average of ["weights", "gradients"]) {
  natsTest(
    `a process of another version is refused with exit 2, the other one ends as it should: --average ${average}`,
    async (server) =>
      await inTemporaryDirectory(async (folder) => {
        const common = [...RECIPE, `--average=${average}`, "--workers=1", "--exit", "--port=0", "--epochs=3"];
        const cluster = [`--cluster=${server.url}`, "--name=versions"];
        const join = (node: string) =>
          start("train", folder, [...common, ...cluster, `--node=${node}`, `--runs-dir=${folder}/${node}`]);
        const first = join("a");
        await first.printed(/Leads from round 1 on/);
        // From now on the first machine claims another version and another processor.
        const transport = await connectNats({ url: server.url, run: "versions", credentials: "", tlsCa: "" });
        const { value, revision } = (await transport.register("run"))!;
        const [, version] = /"version":"([^"]+)"/.exec(value)!;
        const other = value.replace(`"version":"${version}"`, '"version":"9.9.9"');
        assert(await transport.write("run", other, revision));
        await transport.close();
        const second = await join("b").finished;
        assertEquals(second.code, 2);
        assertStringIncludes(second.stderr, `version is "9.9.9" there and "${version}" here`);
        assertStringIncludes(second.stderr, "the same version of Lockstep");
        const { code, stdout, stderr } = await first.finished;
        assertEquals([code, stderr], [0, ""]);
        assertMatch(stdout, /Digest: +[0-9a-f]{64}/);
      }),
  );
}
