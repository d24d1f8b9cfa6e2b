/// <reference lib="esnext.disposable" />

/**
 * An input of a model: a text, the tokens that it was cut into, or the fields of a model of several columns.
 *
 * @example
 * ```ts
 * import type { Input } from "lockstep";
 *
 * const inputs: Input[] = ["where is my parcel?", ["where", "is", "my", "parcel"], { subject: "parcel", amount: 9.5 }];
 * console.log(inputs.length);
 * ```
 */
export type Input = string | readonly (string | number)[] | Readonly<Record<string, string | number | boolean | null>>;

/**
 * The answer to an input.
 *
 * @example
 * ```ts
 * import { load, type Prediction } from "lockstep";
 *
 * const model = await load("runs/latest");
 * const answer: Prediction = await model.predict("where is my parcel?");
 * console.log(answer.label ?? "rejected", answer.probability, answer.unknownShare);
 * ```
 */
export interface Prediction {
    /** Position in the model's labels; null for a rejected input, and for a model whose rows may have several labels. */
    readonly class: number | null;
    /** Null where `class` is null. */
    readonly label: string | null;
    /** The labels of a model whose rows may have several: those above their thresholds, the most probable first; may be empty. */
    readonly labels?: readonly {
        readonly label: string;
        readonly probability: number;
    }[];
    /** Probability of the most probable class. */
    readonly probability: number;
    /** The most probable class of a rejected input, whose probability is below the threshold. */
    readonly rejected?: {
        readonly class: number;
        readonly label: string;
        readonly probability: number;
        readonly threshold: number;
    };
    /** One a class, in the order of the model's labels; sums to 1, unless rows may have several. Empty if the options leave it out. */
    readonly probabilities: readonly number[];
    /** The most probable classes, the most probable first: as many as `top` asks for. */
    readonly top?: readonly {
        readonly label: string;
        readonly probability: number;
    }[];
    /** Share of the tokens that the model does not know. */
    readonly unknownShare?: number;
    /** True if some tokens were cut off. */
    readonly truncated?: boolean;
}

/**
 * Options of predictions.
 *
 * @example
 * ```ts
 * import { load, type PredictOptions } from "lockstep";
 *
 * const careful: PredictOptions = { reject: 0.9, top: 2 };
 * const model = await load("runs/latest");
 * console.log(await model.predict("where is my parcel?", careful));
 * ```
 */
export interface PredictOptions {
    /** How many of the most probable classes to list in `top`. */
    readonly top?: number | undefined;
    /** False leaves `probabilities` empty, which saves memory for models of thousands of labels. Default: true. */
    readonly probabilities?: boolean | undefined;
    /** Share of the answers that must be right: less confident inputs get no label. 0 answers all. Default: that of the model. */
    readonly reject?: number | undefined;
}

/**
 * Why a text has a label rather than another one. The weights of its tokens and `rest` add up to `logOdds`.
 *
 * @example
 * ```ts
 * import { load, type Reasons } from "lockstep";
 *
 * const model = await load("runs/latest");
 * const { reasons } = await model.explain("where is my parcel?");
 * const { label, against, tokens }: Reasons = reasons;
 * console.log(label, against, tokens.toSorted((a, b) => b.weight - a.weight)[0]?.token);
 * ```
 */
export interface Reasons {
    /** The most probable label. */
    readonly label: string;
    /** The second most probable label; null where rows may have several, as `label` is then compared with its absence. */
    readonly against: string | null;
    /** The logarithm of the probability of `label` divided by that of `against`. */
    readonly logOdds: number;
    /** Counts what the model says without a token. */
    readonly rest: number;
    /** The tokens in their order, each with what it adds to `logOdds`, and where it stands in the text, if it is found there. */
    readonly tokens: readonly {
        readonly token: string;
        readonly weight: number;
        readonly start?: number;
        readonly end?: number;
    }[];
    /** N-grams of several tokens with what they add, the most important first. The weights of their tokens have it already. */
    readonly ngrams: readonly {
        readonly text: string;
        readonly weight: number;
    }[];
}

/**
 * Describes one fault of an input.
 *
 * @example
 * ```ts
 * import { load, type Problem } from "lockstep";
 *
 * const model = await load("runs/latest");
 * const problems: readonly Problem[] = await model.predict([]).then(() => [], ({ problems }) => problems);
 * console.log(problems.map(({ field, message }) => `${field}: ${message}`));
 * ```
 */
export interface Problem {
    /** Names the faulty value: `batchSize`, `instances[3].tokens[0]`, `--port`. */
    readonly field: string;
    /** Says what is wrong, with the value and what was expected. Options of the config stand in backquotes. */
    readonly message: string;
}

/**
 * Reports bad input: a flag, a file or a request. The command line exits with 2, HTTP answers 4xx with the problems.
 *
 * @example
 * ```ts
 * import { InputError, train } from "lockstep";
 *
 * const error = await train({ data: "nowhere.csv" }).catch((error: unknown) => error);
 * if (error instanceof InputError) console.log(error.problems);
 * ```
 */
export declare class InputError extends Error {
    /** Distinguishes it from other errors. */
    readonly name = "InputError";
    /** The faults, or the first of many. */
    readonly problems: readonly Problem[];
    /** Counts the problems that are not listed. */
    readonly more: number;
    /** The message has a line for each problem. */
    constructor(problems: readonly Problem[], more?: number);
}

/**
 * Options of load().
 *
 * @example
 * ```ts
 * import { load, type LoadOptions } from "lockstep/predict";
 *
 * const options: LoadOptions = {}; // { kernels: { forward, products } } where no bytes can be compiled
 * const model = await load("./model.lockstep", options);
 * console.log(model.labels);
 * ```
 */
export interface LoadOptions {
    /**
     * The compiled `forward.wasm` and `forward_products.wasm` of the package's folder `kernels/`, for runtimes that compile no
     * bytes and import modules instead, such as Cloudflare's workers. Default: they are compiled here.
     */
    readonly kernels?: {
        readonly forward: object;
        readonly products: object;
    } | undefined;
}

/**
 * A trained model.
 *
 * @example
 * ```ts
 * import { load } from "lockstep/predict";
 *
 * const model = await load("./model.lockstep");
 * const { label, probability } = model.predict("where is my parcel?");
 * console.log(label, probability);
 * ```
 */
export declare class Model {
    #private;
    /** Closes the model at the end of a block that declares it by `using`. */
    /** The run that the model comes from. */
    readonly run: string;
    /** SHA-256 of the state that its weights are part of. */
    readonly digest: string;
    /** The names of its classes. */
    readonly labels: readonly string[];
    /** True if it takes texts, and tokens by their names; otherwise tokens are ids. */
    readonly text: boolean;
    /**
     * Predicts a text, or a list of tokens: by their names if the model was trained on texts, otherwise by their ids; or an
     * object with the fields of a model of several columns. Throws an InputError for another input, and if the model does not reach the precision `reject`.
     */
    predict(input: Input, options?: PredictOptions): Prediction;
    /** Predicts several inputs, in batches, which takes a fraction of the time. Throws as `predict` does. */
    predictMany(inputs: Iterable<Input>, options?: PredictOptions): Prediction[];
    /**
     * Answers one input, with what each of its tokens adds to the answer. Throws as `predict` does, and an InputError for a
     * model that was not trained on files.
     */
    explain(input: Input, options?: PredictOptions): Prediction & {
        readonly reasons: Reasons;
    };
    /** Frees the memory of the model, which cannot predict any more. */
    close(): void;
    /** Closes the model at the end of a block that declares it by `using`. */
    [Symbol.dispose](): void;
}

/**
 * Loads the model beside this module, or one from an address, a path, an answer of `fetch()` or bytes. Throws an Error if
 * it cannot be read, and a RangeError if it is damaged.
 */
export declare function load(source?: string | URL | Response | ArrayBuffer | Uint8Array, options?: LoadOptions): Promise<Model>;
