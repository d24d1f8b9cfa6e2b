/**
 * Reads a request's target once, for all who ask for it: the gate, the router, the handlers and the access log. Whatever
 * two parsers could read in two ways is refused.
 */
import { describe } from "../../data/batches/check_tokens.ts";
import { Refusal } from "./problem.ts";

export interface Target {
  /** `host` or `host:port`, as the client spelled it. */
  readonly authority: string;
  /** Begins with a slash; not decoded. */
  readonly path: string;
  /** Parses the query; cheap for those that do not ask. */
  readonly query: () => URLSearchParams;
}

/** A name or an IPv4 address of ordinary letters, or an IPv6 address in brackets; then perhaps a port. */
const AUTHORITY = /^(?:[a-z\d](?:[\w-]|\.(?=[\w-]))*|\[[\da-f:.]+\])(?::(\d{1,5}))?$/i;
const LONGEST_AUTHORITY = 260;
/** RFC 3986's characters of a path, and those that browsers leave as they are in a query. */
const URL_TEXT =
  /^http:\/\/([^/?#]*)(\/(?:[\w\-.~!$&'()*+,;=:@/]|%[\da-f]{2})*)(?:\?((?:[\w\-.~!$&'()*+,;=:@/?[\]\\^`{|}]|%[\da-f]{2})*))?$/i;

const NO_QUERY = () => new URLSearchParams();

/** Returns the reader of targets. It throws a Refusal (400) for one that is not well-formed, or that names two hosts. */
export function targetReader(): (request: Request) => Target {
  const checkAuthority = (field: string, authority: string) => {
    if (!isAuthority(authority)) throw refusal(field, authority, "a host name or address, and perhaps a port");
  };
  // Most are as the one before: it is not read again.
  let last: { readonly url: string; readonly host: string | null; readonly target: Target } | undefined;
  return ({ url, headers }) => {
    // In small letters the runtime has a shorter way to it.
    const host = headers.get("host");
    if (url === last?.url && host === last.host) return last.target;
    if (host !== null) checkAuthority("Host", host);
    const [, authority, path, query] = URL_TEXT.exec(url) ?? [];
    if (authority === undefined || path === undefined) throw refusal("target", url, "a path such as /runs?limit=10");
    checkAuthority("target", authority);
    if (host !== null && host !== authority && canonical(host) !== canonical(authority)) {
      throw refusal("target", authority, `the host that the Host header names, ${describe(host)}`);
    }
    const target = {
      authority: host ?? authority,
      path,
      query: query === undefined ? NO_QUERY : () => new URLSearchParams(query),
    };
    last = { url, host, target };
    return target;
  };
}

function isAuthority(text: string): boolean {
  const [found, port] = text.length > LONGEST_AUTHORITY ? [] : AUTHORITY.exec(text) ?? [];
  if (found === undefined || port !== undefined && !(Number(port) >= 1 && Number(port) <= 65_535)) return false;
  return URL.canParse(`http://${text}`);
}

/** Lower case, and without the port that stands for none. */
function canonical(authority: string): string {
  return authority.toLowerCase().replace(/:80$/, "");
}

function refusal(field: string, value: string, expected: string): Refusal {
  return new Refusal(400, { field, message: `${field} is ${describe(value)}: expected ${expected}` });
}
