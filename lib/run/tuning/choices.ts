/** Lists the configs that tuning tries: the defaults first, then changes of one option, then of two. */
import { Random, Stream } from "../../base/numbers/random.ts";
import type { Config, ConfigKey } from "../../config/schema.ts";
import type { DataSize } from "../../config/text_defaults.ts";

/** The values of some options in place of their defaults, by key. */
export type Changes = Readonly<
  Partial<
    Pick<
      Config,
      | "tokenizer"
      | "lowercase"
      | "punctuation"
      | "minCount"
      | "embedding"
      | "letterRows"
      | "hidden"
      | "pooling"
      | "dropout"
      | "learningRate"
      | "weightDecay"
      | "epochs"
    >
  >
>;

/** Describes what is tuned. */
interface Base {
  /** The config without changes, with all defaults. */
  readonly config: Config;
  readonly kind: DataSize["kind"];
  /** The options that the user chose, which stay. */
  readonly given: ReadonlySet<string>;
  /** Tells whether the models are made smaller. */
  readonly isSmall: boolean;
}

/** Returns a change of `config`, or undefined where it says nothing. */
type Choice = (config: Config, kind: DataSize["kind"]) => Changes | undefined;

const words = (changes: Changes): Choice => (_, kind) => kind === "words" ? changes : undefined;
const scaled = (value: number, factor: number) => Number((value * factor).toPrecision(3));
const epochs = (factor: number): Choice => (config) => ({ epochs: Math.max(2, Math.round(config.epochs * factor)) });
const rate = (factor: number): Choice => ({ learningRate }) => ({ learningRate: scaled(learningRate, factor) });
const wide: Choice = ({ hidden, embedding }) => ({ hidden: 2 * hidden, embedding: 2 * embedding });
const narrow: Choice = ({ hidden, embedding }) => ({ hidden: hidden >> 1, embedding: embedding >> 1 });
const withoutLetters: Choice = ({ letterRows }) => letterRows > 0 ? { letterRows: 0 } : undefined;
const dropout: Choice = (config) => ({ dropout: config.dropout < 0.3 ? 0.4 : 0.6 });

/** Those first that are most likely to change the served model for the better, those last that cost most for little. */
const CHOICES: readonly Choice[] = [
  dropout,
  wide,
  epochs(0.4),
  rate(0.5),
  (...config) => ({ ...wide(...config), ...dropout(...config) }),
  () => ({ pooling: "mean" }),
  words({ minCount: 1 }),
  (...config) => ({ ...epochs(2)(...config), ...dropout(...config) }),
  rate(2),
  () => ({ weightDecay: 0.1 }),
  withoutLetters,
  words({ punctuation: "drop" }),
  (_, kind) => kind === "codes" ? undefined : { lowercase: false },
  ({ tokenizer }, kind) => kind === "words" && tokenizer === "auto" ? { tokenizer: "chars" } : undefined,
];

/** Come before the others where models are made smaller: that leaves more room for words and n-grams. */
const SMALL_CHOICES: readonly Choice[] = [
  withoutLetters,
  (...config) => ({ ...withoutLetters(...config), ...narrow(...config) }),
  narrow,
];

/** Limits the configs: a search that has time for more has trained for hours. */
const MOST = 64;

/** Lists the configs, each only once. The first has no changes; `config.seed` decides which pairs come first. */
export function candidates({ config, kind, given, isSmall }: Base): Changes[] {
  const singles = [...isSmall ? SMALL_CHOICES : [], ...CHOICES].flatMap((choice) => {
    const changes = choice(config, kind);
    const isFree = changes && !Object.keys(changes).some((key) => given.has(key));
    return isFree && Object.entries(changes).some(([key, value]) => config[key as ConfigKey] !== value)
      ? [changes]
      : [];
  });
  // Other tokens have other defaults, which the values of a single choice do not fit.
  const joined = singles.filter((changes) => !("tokenizer" in changes));
  const pairs = joined.flatMap((first, at) =>
    joined.slice(at + 1).flatMap((second) =>
      Object.keys(second).some((key) => key in first) ? [] : [{ ...first, ...second }]
    )
  );
  const order = Uint32Array.from(pairs.keys());
  new Random(config.seed, Stream.tuning).shuffle(order);
  const all = [{}, ...singles, ...Array.from(order, (at) => pairs[at]!)];
  const texts = all.map((changes) => JSON.stringify(Object.entries(changes).sort()));
  return all.filter((_, at) => texts.indexOf(texts[at]!) === at).slice(0, MOST);
}
