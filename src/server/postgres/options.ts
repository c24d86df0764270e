import type { Runtime } from '../../shared/runtime.ts';
import type { Identity } from '../service.ts';

/** Where {@link postgresStorage} keeps the data, and how it goes about it. */
export interface PostgresStorageOptions {
  /** `postgres://user:password@host:port/database`. A direct or session connection: not through a transaction pooler. */
  readonly url: string;
  /** The schema of the user's tables. Default: `public`. */
  readonly schema?: string;
  /** Connections of this node, one for listening not counted. Default: 10. */
  readonly maxConnections?: number;
  /** Writes are made as the user, so that policies of row level security hold. Left out: as the role in `url`. */
  readonly rowSecurity?: RowSecurityOptions | undefined;
  /**
   * Whether changes of other programs wake the servers at once. Postgres lets transactions that notify commit one after the
   * other: with very many small foreign transactions, say `false` and let `pollMs` decide. Default: true.
   */
  readonly wakesServers?: boolean;
  /** How often to look for changes of other programs and other nodes when nobody says that there are any. Default: 1000. */
  readonly pollMs?: number;
  /** How long a push waits for rows that another program has locked, before the client is told to try again. Default: 500. */
  readonly lockTimeoutMs?: number;
  /**
   * How long a node that has fallen silent inside a transaction (its machine is gone, or stands still) may hold up the others,
   * before the database ends that transaction. Whatever `validate` and `access` wait for has to come sooner. Default: 30 000.
   */
  readonly stalledMs?: number;
  /**
   * Whether the storage may create and change its objects when it opens. `false`: they have to be there (`tidemark init
   * postgres`), which is for roles that do not own the tables. Default: true.
   */
  readonly installs?: boolean;
  /** Further options of the driver, such as `ssl` (https://github.com/porsager/postgres). */
  readonly driver?: Readonly<Record<string, unknown>>;
  readonly runtime?: Runtime;
}

/** Who a write is made as. */
export interface RowSecurityOptions {
  /** The role to take on, which the role of the connection has to be a member of. Default: `authenticated`. */
  readonly role?: string | ((identity: Identity) => string);
  /** What `request.jwt.claims` holds. Default: the identity, with `sub` as its id and the role. */
  readonly claims?: (identity: Identity) => Readonly<Record<string, unknown>>;
}
