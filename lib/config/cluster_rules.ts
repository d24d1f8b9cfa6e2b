/** What does not go together where other machines take part in a run. */
import type { Problem } from "../base/errors.ts";
import { clusterShape, type Config } from "./schema.ts";

export function clusterProblems(config: Config, nameOf: (key: keyof Config) => string): Problem[] {
  const problems: Problem[] = [];
  const wrong = (key: keyof Config, expected: string) => {
    const field = nameOf(key);
    const value = config[key] === "" ? "empty" : String(config[key]);
    problems.push({ field, message: `${field} is ${value}: expected ${expected}` });
  };
  if (config.cluster === "") {
    for (const key of Object.keys(clusterShape) as (keyof typeof clusterShape)[]) {
      const byDefault = clusterShape[key].parse(undefined);
      if (config[key] !== byDefault) wrong(key, `${byDefault === "" ? "nothing" : byDefault} without --cluster`);
    }
    return problems;
  }
  if (config.name === "") wrong("name", "a name with --cluster, such as tickets, the same on all machines");
  if (config.moments === "local") wrong("moments", "average or reset with --cluster, where shards change machines");
  if (config.minNodes > config.shards) wrong("minNodes", `at most one machine a shard, and shards is ${config.shards}`);
  if (config.clusterEvery > 1 && config.minNodes > config.groups) {
    wrong("minNodes", `at most one machine a group of shards, and groups is ${config.groups}`);
  }
  return problems;
}
