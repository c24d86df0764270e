import type { Cells } from '../shared/cell.ts';

/** What a resolver answers: keep this device's values, take the server's, or write these columns instead. */
export type Resolution = 'local' | 'remote' | { readonly merged: Readonly<Record<string, unknown>> };

/** How two histories of a row met. The first word is what this device did. */
export type ConflictKind = 'update-update' | 'update-delete' | 'delete-update' | 'insert-insert';

/** One column of a conflict, in app values (booleans, parsed JSON, …). `undefined` where the row did not exist. */
export interface ConflictField {
  readonly base: unknown;
  readonly local: unknown;
  readonly remote: unknown;
}

/** A row that a conflict is about besides its own, in app values. */
export interface RelatedRow {
  readonly table: string;
  /** The primary key by column name. */
  readonly key: Readonly<Record<string, unknown>>;
}

/** A row above the one in conflict, that somebody deleted. */
export interface DeletedParent extends RelatedRow {
  /** What it held, whole. */
  readonly row: Readonly<Record<string, unknown>>;
}

/** What a resolver sees. It depends on the log alone: the same on every device and in every delivery order. */
export interface ConflictInput {
  readonly table: string;
  readonly kind: ConflictKind;
  /** The primary key by column name. */
  readonly key: Readonly<Record<string, unknown>>;
  /** The columns both sides changed, with base, local and remote. */
  readonly fields: Readonly<Record<string, ConflictField>>;
  /**
   * Whole rows; null where the row did not exist or was deleted. Where the local write touched a column, `base` and `local` have it as the
   * writer saw and left it; elsewhere they have what `remote` has, or, where the row was deleted, what it held in the end. Only where the server
   * has forgotten the deletion do they have what this device remembers instead.
   */
  readonly base: Readonly<Record<string, unknown>> | null;
  readonly local: Readonly<Record<string, unknown>> | null;
  readonly remote: Readonly<Record<string, unknown>> | null;
  /**
   * The rows above it that somebody deleted while this device wrote below them, nearest first: they come back with the row, and
   * stay away without it. Left out where there are none.
   */
  readonly parents?: readonly DeletedParent[];
  /** In a `delete-update`, rows that came below the deleted one unseen, or would stay there: the first 20. Left out where there are none. */
  readonly children?: readonly RelatedRow[];
  /** Whether this device's write carries the later HLC stamp. False where the server does not remember when the row was deleted. */
  readonly localIsLater: boolean;
}

/** App code that decides; `undefined` passes on to the next policy of a `compose`, or to a person. */
export type Resolver = (conflict: ConflictInput) => Resolution | undefined | Promise<Resolution | undefined>;

/**
 * - `merge` (default): disjoint columns merge; the same column → last write wins by HLC, column by column.
 * - `last-write-wins`: when both changed a column, the later write (by HLC) wins with all its columns.
 * - `server-wins` / `client-wins`: the confirmed / the incoming value of a column both changed.
 * - `manual`: waits for a person.
 */
export type NamedPolicy = 'merge' | 'server-wins' | 'client-wins' | 'last-write-wins' | 'manual';

export interface CustomPolicy {
  readonly kind: 'custom';
  readonly resolve: Resolver;
}

export interface ComposedPolicy {
  readonly kind: 'compose';
  readonly policies: readonly ConflictPolicy[];
}

export type ConflictPolicy = NamedPolicy | CustomPolicy | ComposedPolicy;

export const NAMED_POLICIES: readonly NamedPolicy[] = [
  'merge',
  'server-wins',
  'client-wins',
  'last-write-wins',
  'manual',
];

/** A policy of app code. It runs on the client, never on the server. */
export function custom(resolve: Resolver): CustomPolicy {
  return { kind: 'custom', resolve };
}

/** The first policy that decides. */
export function compose(...policies: readonly ConflictPolicy[]): ComposedPolicy {
  return { kind: 'compose', policies };
}

/**
 * What the server may do with this policy on its own: the named policy it applies, or `manual` when the decision
 * belongs to the client (a person or app code).
 */
export function serverPolicy(policy: ConflictPolicy): NamedPolicy {
  if (typeof policy === 'string') return policy;
  const [first] = policy.kind === 'compose' ? policy.policies : [];
  return first === undefined ? 'manual' : serverPolicy(first);
}

/** A conflict that was decided without a person: which policy, and what each side had. Kept in the history. */
export interface DecidedColumn {
  readonly policy: NamedPolicy;
  readonly winner: 'local' | 'remote';
}

/** Who wrote the confirmed side of a conflict. */
export interface RemoteAuthor {
  /** The clientId, or null for a write made directly in the server's database. */
  readonly clientId: string | null;
  readonly hlc: string;
}

/** The remote side of a conflict as the server reports it, in cells. */
export interface RemoteSide {
  /** Every non-key column of the confirmed row; null when it was deleted. */
  readonly columns: Cells | null;
  /** What a deleted row held in the end, as long as the server remembers it. */
  readonly image?: Cells;
  /** The seq of the row's last change: the base of whatever answers this conflict. */
  readonly seq: number;
  readonly author: RemoteAuthor;
}
