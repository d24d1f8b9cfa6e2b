/** Classifies the errors of the NATS clients: whether the same call may succeed later, or never. */
import { JetStreamApiError } from "@nats-io/jetstream";
import { wallClock } from "../protocol/clock.ts";
import { repeat } from "../protocol/retry.ts";

/** The marks of one kind of error: any of them is enough. */
interface Marks {
  /** Codes of JetStream. */
  readonly codes?: readonly number[];
  readonly names?: RegExp;
  readonly words?: RegExp;
  /** Also looks at the causes of an error. */
  readonly causes?: boolean;
}

function matching({ codes = [], names, words, causes = false }: Marks): (error: unknown) => error is Error {
  return function matches(error: unknown): error is Error {
    if (!(error instanceof Error)) return false;
    return error instanceof JetStreamApiError && codes.includes(error.code) || names?.test(error.name) === true ||
      words?.test(error.message) === true || causes && matches(error.cause);
  };
}

/** Another message is the newest, or a register has another revision. */
export const isConflict = matching({ codes: [10071, 10164] });
export const isNoMessage = matching({ codes: [10037] });
/** The store failed, or is full: the code does not say which. */
const isStoreFailure = matching({ codes: [10077] });
/** The account lacks a permission; or the server, the account or the stream is full. Another attempt ends the same way. */
export const isRefused = matching({
  codes: [10002, 10023, 10028, 10047, 10077],
  names: /^PermissionViolationError$/,
  causes: true,
});
/** No one takes what was published: no JetStream, or a stream that was made just now and does not listen yet. */
export const isUnheard = matching({ names: /^JetStreamNotEnabled$/ });
/** No answer came in time. A server that has just started loses answers to first questions that come at once. */
export const isTimeout = matching({ names: /^TimeoutError$/ });
/** No server is there yet, or any more: it is down, or its name is unknown so far. */
export const isAway = matching({
  names: /^(TimeoutError|ConnectionError|ClosedConnectionError|DrainingConnectionError|Unreachable)$/,
  words: /\b(ECONNREFUSED|ECONNRESET|ECONNABORTED|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_\w+)\b/,
  causes: true,
});
const isOfClient = matching({
  names:
    /^(TimeoutError|RequestError|NoRespondersError|ConnectionError|ClosedConnectionError|DrainingConnectionError|JetStream\w*|StreamNotFoundError|ConsumerNotFoundError)$/,
});

/** Says whether the broker, or its absence, is the reason, so that the same call may succeed later. */
export function isOfBroker(error: unknown): error is Error {
  return isOfClient(error) && !isRefused(error);
}

/** JetStream's status of a server that starts or is busy. */
const UNAVAILABLE = 503;

/** Says whether the server answered, and will answer the same until something changes. */
export function isAnswer(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.status !== UNAVAILABLE;
}

/** Returns the error, with what to do about it if the server's words do not say it. */
export function explained(error: unknown, stream: string): unknown {
  if (!isStoreFailure(error)) return error;
  const todo = `give it room; where it has room, end all machines and remove its streams ${stream} and KV_${stream}`;
  return new Error(`The NATS server cannot store messages (${error.message}): ${todo}`, { cause: error });
}

/** Milliseconds between two attempts. */
export const PAUSE_MS = 200;

/** Repeats `work` while it fails with errors that `isPassing` accepts, `most` times at most. */
export function repeatWhile<Result>(
  isPassing: (error: unknown) => boolean,
  work: () => Promise<Result>,
  most = 10,
): Promise<Result> {
  return repeat(wallClock, work, (error, attempt) => {
    if (!isPassing(error) || attempt === most) throw error;
    return PAUSE_MS;
  });
}
