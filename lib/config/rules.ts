/** The combinations of values that are valid one by one and wrong together, as one table. */
import { counted } from "../base/counted.ts";
import type { Problem } from "../base/errors.ts";
import { parseColumns } from "./columns.ts";
import { isAscending } from "./extended_after.ts";
import { clusterShape, type Config, type ConfigKey, fileShape } from "./schema.ts";

interface Rule {
  /** Names the value that is reported. */
  readonly field: ConfigKey;
  /** Tells whether the rule is broken; `isGiven` whether a key has a value that is not a default. */
  readonly when: (config: Config, isGiven: (key: ConfigKey) => boolean) => boolean;
  /** Says what is expected instead. */
  readonly expected: (config: Config) => string;
}

/** Limits the validation sequences of a generated task, which are digested in one go. */
const MAX_GENERATED = 1_000_000;

/** Limits their tokens: digesting as many takes about ten seconds of a core. */
const MAX_GENERATED_TOKENS = 1_000_000_000;

/** Lists the values that follow from data in files, each with the one to choose instead. */
export const DERIVED = {
  vocabulary: "maxVocabulary",
  length: "maxLength",
  stepsPerEpoch: "epochs",
  heldOut: "validation",
} as const satisfies Partial<Record<ConfigKey, ConfigKey>>;

const derivedRules = (Object.keys(DERIVED) as (keyof typeof DERIVED)[]).map((field): Rule => ({
  field,
  when: ({ data }, isGiven) => data.length > 0 && isGiven(field),
  expected: () => `no value, as it follows from the data; \`${DERIVED[field]}\` can be chosen`,
}));

const withoutClusterRules = (Object.keys(clusterShape) as (keyof typeof clusterShape)[]).map((field): Rule => {
  const initial = clusterShape[field].parse(undefined);
  return {
    field,
    when: (config) => config.cluster === "" && config[field] !== initial,
    expected: () => `${initial === "" ? "no value" : initial} without \`cluster\``,
  };
});

const withoutVectorsRules = (["maxVectors", "vectorsRate"] as const).map((field): Rule => ({
  field,
  when: (config) => config.vectors === "" && config[field] !== fileShape[field].parse(undefined),
  expected: () => "no value without `vectors`",
}));

/** Lists all rules. Only the first broken one of a field is reported. */
const RULES: readonly Rule[] = [
  {
    field: "data",
    when: ({ data, task }) => data.length > 0 && task !== "table",
    expected: ({ task }) => `none for the task ${task}`,
  },
  {
    field: "task",
    when: ({ data, task }) => data.length === 0 && task === "table",
    expected: () => "files to train on in `data`, such as tickets.csv",
  },
  ...derivedRules,
  {
    field: "vectors",
    when: ({ vectors, task }) => vectors !== "" && task !== "table",
    expected: ({ task }) => `none for the task ${task}, which has no words`,
  },
  ...withoutVectorsRules,
  {
    field: "from",
    when: ({ from, task }) => from !== "" && task !== "table",
    expected: () => "files of new rows in `data`",
  },
  {
    field: "weights",
    when: ({ from, weights }) => from !== "" && weights !== "",
    expected: () => "no value with `from`, whose weights training starts from",
  },
  {
    field: "replay",
    when: ({ from, replay }) => from === "" && replay !== fileShape.replay.parse(undefined),
    expected: () => "no value without `from`",
  },
  {
    field: "textColumn",
    when: ({ columns, textColumn }) => columns !== "" && textColumn !== fileShape.textColumn.parse(undefined),
    expected: () => "no value with `columns`, which name those of texts",
  },
  {
    field: "columns",
    when: ({ columns, labelColumn }) => parseColumns(columns)?.some(({ name }) => name === labelColumn) === true,
    expected: ({ labelColumn }) => `columns without "${labelColumn}", which has the labels`,
  },
  {
    field: "truncate",
    when: ({ columns, truncate }) => columns !== "" && truncate === "start",
    expected: () => "end with `columns`, as numbers and categories come first",
  },
  ...(["groupColumn", "timeColumn"] as const).map((field): Rule => ({
    field,
    when: (config) => config[field] !== "" && !(typeof config.validation === "number" && config.validation > 0),
    expected: () => "no value where `validation` is no share of the rows to draw",
  })),
  {
    field: "timeColumn",
    when: ({ groupColumn, timeColumn }) => groupColumn !== "" && timeColumn !== "",
    expected: () => "no value with `groupColumn`, as rows are split by one of them",
  },
  {
    field: "averageEvery",
    when: ({ average, averageEvery }) => average === "gradients" && averageEvery !== 1,
    expected: () => '1 with average "gradients", which averages after every step',
  },
  {
    field: "workers",
    when: ({ workers, shards }) => workers !== "auto" && workers > shards,
    expected: ({ shards }) => `at most one per shard, and \`shards\` is ${shards}`,
  },
  {
    // A table's number of steps per epoch is known only when its rows have been read.
    field: "warmupSteps",
    when: ({ task, warmupSteps, epochs, stepsPerEpoch }) => task !== "table" && warmupSteps > epochs * stepsPerEpoch,
    expected: ({ epochs, stepsPerEpoch }) =>
      `at most the run's ${counted(epochs * stepsPerEpoch, "step")} (\`epochs\` · \`stepsPerEpoch\`)`,
  },
  {
    field: "extendedAfter",
    when: (config) => !isAscending(config),
    expected: ({ epochs }) => `ascending numbers below \`epochs\`, which is ${epochs}`,
  },
  {
    field: "classWeights",
    when: ({ task, classWeights }) => task === "parity" && classWeights !== "none",
    expected: () => "none for the task parity, whose classes are balanced",
  },
  {
    field: "reject",
    when: ({ task, reject }) => task === "parity" && reject !== 0,
    expected: () => "0 for the task parity",
  },
  {
    field: "labels",
    when: ({ task, labels }) => task === "parity" && labels === "many",
    expected: () => "one for the task parity",
  },
  {
    field: "labelSeparator",
    when: ({ labels, labelSeparator }) => labels === "one" && labelSeparator !== "",
    expected: () => "no value with `labels` one",
  },
  {
    field: "letterRows",
    when: ({ task, letterRows }) => task === "parity" && letterRows > 0,
    expected: () => "0 for the task parity, whose tokens have no letters",
  },
  {
    field: "heldOut",
    when: ({ task, heldOut }) => task === "parity" && heldOut > MAX_GENERATED,
    expected: () => `at most ${MAX_GENERATED} for the task parity`,
  },
  {
    field: "heldOut",
    when: ({ task, heldOut, length }) => task === "parity" && heldOut * length > MAX_GENERATED_TOKENS,
    expected: ({ length }) =>
      `at most ${MAX_GENERATED_TOKENS} validation tokens, and \`length\` is ${length}; the start of a run digests them all`,
  },
  {
    field: "groups",
    when: ({ groups, shards }) => groups > shards,
    expected: ({ shards }) => `at most one per shard, and \`shards\` is ${shards}`,
  },
  {
    field: "groups",
    when: ({ clusterEvery, groups }) => clusterEvery === 1 && groups > 1,
    expected: () => "1 without `clusterEvery`, as groups average only between the phases of a round",
  },
  {
    field: "clusterEvery",
    when: ({ clusterEvery, average }) => clusterEvery > 1 && average === "gradients",
    expected: () => '1 with average "gradients", where no shard has its own weights to average between phases',
  },
  {
    field: "clusterEvery",
    when: ({ clusterEvery, shards }) => clusterEvery > 1 && shards === 1,
    expected: () => "1 with one shard, which has no other to average with",
  },
  {
    field: "clusterEvery",
    when: ({ clusterEvery, groups }) => clusterEvery > 1 && groups === 1,
    expected: ({ shards }) => `1 with one group, whose mean is that of all shards; or set \`groups\` to 2 to ${shards}`,
  },
  ...(["labelTokenFile", "keepUncertain", "redact", "retrainAfter"] as const).map((field): Rule => ({
    field,
    when: (config) => !config.collect && Boolean(config[field]),
    expected: () => "no value without `collect`",
  })),
  {
    field: "retrainWorkers",
    when: ({ retrainAfter, retrainWorkers }) => retrainAfter === 0 && retrainWorkers !== 1,
    expected: () => "no value without `retrainAfter`",
  },
  ...withoutClusterRules,
  {
    field: "name",
    when: ({ cluster, name }) => cluster !== "" && !/^[A-Za-z0-9_-]{1,64}$/.test(name),
    expected: () =>
      "a name of up to 64 letters, digits, - and _ with `cluster`, such as tickets, the same on all machines",
  },
  {
    field: "moments",
    when: ({ cluster, moments }) => cluster !== "" && moments === "local",
    expected: () => "average or reset with `cluster`, where shards move between machines",
  },
  {
    field: "minNodes",
    when: ({ cluster, minNodes, shards }) => cluster !== "" && minNodes > shards,
    expected: ({ shards }) => `at most one machine per shard, and \`shards\` is ${shards}`,
  },
  {
    field: "minNodes",
    when: ({ cluster, clusterEvery, minNodes, groups }) => cluster !== "" && clusterEvery > 1 && minNodes > groups,
    expected: ({ groups }) => `at most one machine per group of shards, and \`groups\` is ${groups}`,
  },
];

/** Returns the broken rules of `config`; `names` has the names of the given keys, as their source writes them. */
export function ruleProblems(config: Config, names: Readonly<Record<string, string>>): Problem[] {
  const isGiven = (key: ConfigKey) => names[key] !== undefined;
  const broken = Map.groupBy(RULES.filter(({ when }) => when(config, isGiven)), ({ field }) => field);
  return [...broken].map(([key, [first]]) => {
    const field = names[key] ?? key;
    return { field, message: `${field} is ${shownValue(config[key])}: expected ${first!.expected(config)}` };
  });
}

function shownValue(value: Config[ConfigKey]): string {
  if (Array.isArray(value)) return value.join(", ");
  return value === "" ? "empty" : String(value);
}
