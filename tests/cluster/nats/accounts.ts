/** Creates an operator, an account and users of a NATS server for decentralised authentication: JWTs and nkeys. */
import { encodeAccount, encodeOperator, encodeUser, fmtCreds } from "@nats-io/jwt";
import { createAccount, createOperator, createUser } from "@nats-io/nkeys";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface Permissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

export interface UserOptions {
  /** Defaults to all of the account. */
  readonly permissions?: Permissions;
  /** Lifetime; unlimited without it. */
  readonly seconds?: number;
}

export interface Account {
  /** The account's part of the server's configuration. */
  readonly config: string;
  /** Writes a credentials file of a new user into `folder` and returns its path. */
  user(folder: string, name: string, options?: UserOptions): Promise<string>;
}

/** Creates an account with JetStream that stores at most `maxBytes` on disk. */
export async function makeAccount(maxBytes = -1): Promise<Account> {
  const [operator, system, account] = [createOperator(), createAccount(), createAccount()];
  const storage = { mem_storage: -1, disk_storage: maxBytes, streams: -1, consumer: -1 };
  const jwts = {
    operator: await encodeOperator("operator", operator, { system_account: system.getPublicKey() }),
    system: await encodeAccount("system", system, {}, { signer: operator }),
    account: await encodeAccount("lockstep", account, { limits: limits(storage) }, { signer: operator }),
  };
  const config = [
    `operator: ${jwts.operator}`,
    `system_account: ${system.getPublicKey()}`,
    "resolver: MEMORY",
    `resolver_preload: { ${system.getPublicKey()}: ${jwts.system}, ${account.getPublicKey()}: ${jwts.account} }`,
    "",
  ].join("\n");
  return {
    config,
    async user(folder, name, { permissions, seconds } = {}) {
      const user = createUser();
      const allowed = permissions === undefined
        ? {}
        : { pub: { allow: [...permissions.publish] }, sub: { allow: [...permissions.subscribe] } };
      const unlimited = { data: -1, subs: -1, payload: -1 };
      const until = seconds === undefined ? {} : { exp: Math.floor(Date.now() / 1000) + seconds };
      const jwt = await encodeUser(name, user, account, { ...allowed, ...unlimited }, until);
      const path = join(folder, `${name}.creds`);
      await writeFile(path, fmtCreds(jwt, user));
      return path;
    },
  };
}

/** Returns the limits of an account: only `storage` of JetStream is limited. */
function limits<Storage extends object>(storage: Storage) {
  const all = { data: -1, payload: -1, subs: -1, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };
  return { ...all, ...storage };
}
