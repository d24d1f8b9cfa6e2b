/** A NATS server's operator, an account and its users, as decentralised authentication has them: JWTs and nkeys. */
import { encodeAccount, encodeOperator, encodeUser, fmtCreds } from "@nats-io/jwt";
import { createAccount, createOperator, createUser } from "@nats-io/nkeys";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface Permissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

export interface UserOptions {
  /** All of the account's without it. */
  readonly permissions?: Permissions;
  /** How long it may be used; for ever without it. */
  readonly seconds?: number;
}

export interface Account {
  /** What a server's configuration says of it. */
  readonly config: string;
  /** Writes a credentials file of a new user into `folder` and returns its path. */
  user(folder: string, name: string, options?: UserOptions): Promise<string>;
}

/** An account with JetStream that holds at most `maxBytes` on disk. */
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

/** Everything that an account may have, and `storage` of JetStream. */
function limits<Storage extends object>(storage: Storage) {
  const all = { data: -1, payload: -1, subs: -1, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };
  return { ...all, ...storage };
}
