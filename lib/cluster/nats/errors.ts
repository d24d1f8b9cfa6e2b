/** Classifies the errors of the NATS server and its clients by their meaning. */
import { JetStreamApiError } from "@nats-io/jetstream";
import { wallClock } from "../protocol/clock.ts";
import { repeat } from "../protocol/retry.ts";

/** Identifies a kind of error: one match suffices. */
interface Marks {
  /** Error codes of JetStream. */
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
/** The store failed, or is full: both have the same code. */
export const isStoreFailure = matching({ codes: [10077] });
/** The account lacks a permission; or the server, the account or the stream is full. Another attempt ends the same way. */
const isRefused = matching({
  codes: [10002, 10023, 10028, 10047, 10077],
  names: /^PermissionViolationError$/,
  causes: true,
});
/** No stream listens to the subject: JetStream is off, or the stream was created just now. */
export const hasNoListener = matching({ names: /^JetStreamNotEnabled$/ });
/** No answer came in time. A server that has just started loses answers to first questions that come at once. */
export const isTimeout = matching({ names: /^TimeoutError$/ });
/** No server answers: it is down, or its host name is unknown. */
export const isUnreachable = matching({
  names: /^(TimeoutError|ConnectionError|ClosedConnectionError|DrainingConnectionError|Unreachable)$/,
  words: /\b(ECONNREFUSED|ECONNRESET|ECONNABORTED|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_\w+)\b/,
  causes: true,
});
/** A call of a client failed, for any of the reasons above or because the stream or the consumer is gone. */
const isClientError = matching({
  names:
    /^(TimeoutError|RequestError|NoRespondersError|ConnectionError|ClosedConnectionError|DrainingConnectionError|JetStream\w*|StreamNotFoundError|ConsumerNotFoundError)$/,
});

/** Tells whether the broker or its absence is the cause, so that the same call may succeed later. */
export function isBrokerError(error: unknown): error is Error {
  return isClientError(error) && !isRefused(error);
}

/** JetStream's status of a server that starts or is busy. */
const UNAVAILABLE = 503;

/** Tells whether the server answered, and will give the same answer until something changes. */
export function isAnswer(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.status !== UNAVAILABLE;
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
