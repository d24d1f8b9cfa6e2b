/**
 * Reads a request's target once, for the gate, the router, the handlers and the access log. It refuses a target that two
 * parsers could read in two ways.
 */
import { describe } from "../../base/printable.ts";
import { Refusal } from "./problem.ts";

export interface Target {
  /** `host` or `host:port`, in the client's spelling. */
  readonly authority: string;
  /** Begins with a slash, and is not decoded. */
  readonly path: string;
  /** Parses the query, which most routes do not need. */
  readonly query: () => URLSearchParams;
}

/** Matches a name, an IPv4 address or an IPv6 address in brackets, with an optional port. */
const AUTHORITY = /^(?:[a-z\d](?:[\w-]|\.(?=[\w-]))*|\[[\da-f:.]+\])(?::(\d{1,5}))?$/i;
const LONGEST_AUTHORITY = 260;
/** Matches an absolute URL: RFC 3986's characters of a path, and those that browsers do not encode in a query. */
const URL_TEXT =
  /^http:\/\/([^/?#]*)(\/(?:[\w\-.~!$&'()*+,;=:@/]|%[\da-f]{2})*)(?:\?((?:[\w\-.~!$&'()*+,;=:@/?[\]\\^`{|}]|%[\da-f]{2})*))?$/i;

const NO_QUERY = () => new URLSearchParams();

/** Returns the reader of targets. It throws a Refusal (400) for a malformed target, or one that names two hosts. */
export function targetReader(): (request: Request) => Target {
  const checkAuthority = (field: string, authority: string) => {
    if (!isAuthority(authority)) throw refusal(field, authority, "a host name or address, with an optional port");
  };
  // Most targets equal the previous one, which is not parsed again.
  let last: { readonly url: string; readonly host: string | null; readonly target: Target } | undefined;
  return ({ url, headers }) => {
    // The runtime finds a lower-case name faster.
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

/** Returns the authority in lower case, without the default port. */
function canonical(authority: string): string {
  return authority.toLowerCase().replace(/:80$/, "");
}

function refusal(field: string, value: string, expected: string): Refusal {
  return new Refusal(400, { field, message: `${field} is ${describe(value)}: expected ${expected}` });
}
