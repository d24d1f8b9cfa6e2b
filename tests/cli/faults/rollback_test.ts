/** Rollbacks and early stopping as a user meets them: killed, resumed, verified. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { withDraws } from "../../draws.ts";
import { eventsOf, killTwice } from "./killing.ts";
import { latestOf, run, TINY, withFolder } from "../process.ts";

const common = [...TINY, "--target-accuracy", "0", "--held-out", "300", "--exit", "--port", "0"];
/** Weights that grow 30-fold a step until something leaves float32; three halvings are enough. */
const growing = ["--weight-decay", "100", "--learning-rate", "0.3", "--epochs", "4", "--on-nan", "rollback"];
/** Makes the validation loss rise and fall. */
const restless = ["--learning-rate", "0.2", "--epochs", "60", "--patience", "6"];

async function summaryOf(directory: string) {
  return JSON.parse(await Deno.readTextFile(`${directory}/summary.json`));
}

/** Returns the events of rounds with a meaning, without times. */
async function storyOf(directory: string) {
  return (await eventsOf(directory)).flatMap((event) => {
    switch (event.type) {
      case "epoch":
        return [[event.epoch, event.round, event.digest]];
      case "rolledBack":
        return [[event.restored, event.round, event.learningRate, event.reason]];
      default:
        return [];
    }
  });
}

for (const [what, recipe] of [["rollbacks", growing], ["early stopping", restless]] as const) {
  Deno.test(`${what}: the same digest and story after kills in random epochs, on other numbers of workers; verify agrees`, () =>
    withDraws((draw) =>
      withFolder(async (folder) => {
        const flags = [...common, ...recipe, "--runs-dir", folder, "--checkpoint-every", "3", "--restore-best"];
        const { code, stdout } = await run("train", folder, flags);
        assertEquals(code, 0, stdout);
        const undisturbed = await summaryOf(await latestOf(folder));
        const story = await storyOf(await latestOf(folder));
        const place = undisturbed.best ?? { epoch: undisturbed.epochs, round: undisturbed.rounds };
        if (recipe === restless) {
          assert(undisturbed.best !== null && undisturbed.best.round < undisturbed.rounds);
          assertStringIncludes(stdout, `Best:       epoch ${place.epoch}, round ${place.round}`);
        }
        const verified = await run("verify", folder, [`${folder}/latest`, "--workers", "1"]);
        assertEquals(verified.code, 0, verified.stdout);
        const before = { killed: 0 };
        for (let runs = 1; before.killed < 4; runs++) {
          assert(runs <= 16, `only ${before.killed} of ${runs} runs were killed before they ended`);
          const directory = await killTwice(folder, flags, place.epoch, draw, before);
          const { digest, heldOut, best, rounds, reason } = await summaryOf(directory);
          const { digest: d, heldOut: h, best: b, rounds: r, reason: why } = undisturbed;
          assertEquals({ digest, heldOut, best, rounds, reason }, {
            digest: d,
            heldOut: h,
            best: b,
            rounds: r,
            reason: why,
          });
          assertEquals(await storyOf(directory), story);
          const ids = (await eventsOf(directory)).map(({ id }) => id);
          assertEquals(ids, ids.map((_, index) => index + 1));
        }
        const model = JSON.parse(await Deno.readTextFile(`${await latestOf(folder)}/model/lockstep.json`));
        assertEquals([model.digest, model.round], [undisturbed.digest, place.round]);
      })
    ));
}

Deno.test("train says why it rolls back, to which state, and with which learning rate", () =>
  withFolder(async (folder) => {
    const { stdout } = await run("train", folder, [...common, ...growing, "--runs-dir", folder]);
    assertMatch(
      stdout,
      /^Rolled back to epoch 1 with learning rate 0\.15: The .* of shard \d is .* at step \d+: training diverged with learning rate 0\.3$/m,
    );
    const rolledBack = (await eventsOf(await latestOf(folder))).filter((event) => event.type === "rolledBack");
    assertEquals(rolledBack.map(({ rollbacks }) => rollbacks), rolledBack.map((_, index) => index + 1));
    assertEquals(rolledBack.map(({ learningRate }) => learningRate), rolledBack.map((_, i) => 0.3 / 2 ** (i + 1)));
  }));

Deno.test("train --on-nan stop fails before it commits, and leaves only whole checkpoints", () =>
  withFolder(async (folder) => {
    const flags = [...common, ...growing, "--on-nan", "stop", "--runs-dir", folder];
    const { code, stdout } = await run("train", folder, flags);
    assertEquals(code, 1);
    assertMatch(stdout, /Failed: .* of shard \d is .* at step \d+: training diverged with learning rate 0.3; try/);
    const verified = await run("verify", folder, [`${folder}/latest`]);
    assertEquals(verified.code, 0, verified.stdout);
  }));
