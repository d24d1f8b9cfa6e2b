/**
 * The NATS client takes its listeners off a socket that it gives up, such as that of a server which refused it. Where the
 * socket's end is under way at that moment, the error finds nobody and would end the process. The client knows that the
 * connection is over; that one of its sockets was reset says nothing more.
 */

/** Lets errors of sockets pass that nobody listens to, from now on. Once is as good as twice. */
export function forgiveLostSockets(): void {
  globalThis.addEventListener("error", forgive);
}

function forgive(event: ErrorEvent): void {
  if (isOfSocket(event.error)) event.preventDefault();
}

function isOfSocket(error: unknown): boolean {
  if (!(error instanceof Error) || !("code" in error && "syscall" in error)) return false;
  return /^(ECONNRESET|ECONNABORTED|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)$/.test(String(error.code)) &&
    /^(read|write)$/.test(String(error.syscall));
}
