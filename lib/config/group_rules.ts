/** What does not go together where groups of shards average among themselves (`--cluster-every`, `--groups`). */
import type { Problem } from "../base/errors.ts";
import type { Config } from "./schema.ts";

export function groupProblems(config: Config, nameOf: (key: keyof Config) => string): Problem[] {
  const { clusterEvery, groups, shards, average } = config;
  const problems: Problem[] = [];
  const wrong = (key: "clusterEvery" | "groups", expected: string) => {
    const field = nameOf(key);
    problems.push({ field, message: `${field} is ${config[key]}: expected ${expected}` });
  };
  if (groups > shards) wrong("groups", `at most one a shard, and shards is ${shards}`);
  else if (clusterEvery === 1) {
    if (groups > 1) wrong("groups", "1 without clusterEvery, as groups average between the parts of a round alone");
  } else if (average === "gradients") {
    wrong("clusterEvery", `1 with average "gradients", where no shard has weights of its own to average in between`);
  } else if (shards === 1) {
    wrong("clusterEvery", "1 with one shard, which has nobody to average with");
  } else if (groups === 1) {
    wrong("clusterEvery", `1 with one group, whose mean is that of all shards; or groups from 2 to ${shards}`);
  }
  return problems;
}
