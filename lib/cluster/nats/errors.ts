/** What an error of the NATS clients means for the protocol: the same may work later, or never. */
import { JetStreamApiError } from "@nats-io/jetstream";
import { Unreachable } from "../protocol/transport.ts";

const BROKER_ERRORS =
  /^(TimeoutError|RequestError|NoRespondersError|ConnectionError|ClosedConnectionError|DrainingConnectionError|JetStream\w*|StreamNotFoundError|ConsumerNotFoundError)$/;

const AWAY_ERRORS = /^(TimeoutError|ConnectionError|ClosedConnectionError|DrainingConnectionError)$/;
const AWAY_CODES =
  /\b(ECONNREFUSED|ECONNRESET|ECONNABORTED|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_\w+)\b/;

/** JetStream's codes for "the newest message is another one". */
const WRONG_SEQUENCE: readonly number[] = [10071, 10164];
/** For a store that is full: of the server, of the account, of the stream. */
const NO_ROOM: readonly number[] = [10002, 10023, 10028, 10047, 10077];
/** Of these, the one that says nothing about room. */
const STORE_FAILED = 10077;
const NO_MESSAGE = 10037;
/** The status of "not now". */
const UNAVAILABLE = 503;

/** Whether the broker, or its absence, is the reason, so that the same may work later. */
export function isOfBroker(error: unknown): error is Error {
  return error instanceof Error && BROKER_ERRORS.test(error.name) && !isRefused(error);
}

/** Whether it will be the same however often it is tried: no permission, or no room. */
export function isRefused(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  if (error instanceof JetStreamApiError && NO_ROOM.includes(error.code)) return true;
  return error.name === "PermissionViolationError" || isRefused(error.cause);
}

/** Whether the server has answered, and will say the same until something changes: it is not only starting or busy. */
export function isAnswer(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.status !== UNAVAILABLE;
}

/** The error, with what to do about it where the server's words do not say it. */
export function explained(error: unknown, stream: string): unknown {
  if (!(error instanceof JetStreamApiError) || error.code !== STORE_FAILED) return error;
  const todo = `give it room; where it has room, end all machines and remove its streams ${stream} and KV_${stream}`;
  return new Error(`The NATS server cannot store what it is sent (${error.message}): ${todo}`, { cause: error });
}

export function isOther(error: unknown): boolean {
  return error instanceof JetStreamApiError && WRONG_SEQUENCE.includes(error.code);
}

/** Whether nobody takes what was published: no JetStream, or a stream that has just been made and does not listen yet. */
export function isUnheard(error: unknown): boolean {
  return error instanceof Error && error.name === "JetStreamNotEnabled";
}

/** Nobody answered in time. A server that was just started loses answers to those whose first questions come at once. */
export function isUnanswered(error: unknown): boolean {
  return error instanceof Error && error.name === "TimeoutError";
}

/** Whether nobody is there yet, or not any more: the server is down, on its way, or its name is not known yet. */
export function isAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof Unreachable || AWAY_ERRORS.test(error.name) || AWAY_CODES.test(error.message)) return true;
  return isAway(error.cause);
}

export function isNoMessage(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.code === NO_MESSAGE;
}
