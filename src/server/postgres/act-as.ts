import type { Identity } from '../service.ts';
import type { Transaction } from './connection.ts';
import type { RowSecurityOptions } from './options.ts';

/** Whose name the writes of a transaction are made in, under row level security. */
export interface Actor {
  readonly role: string;
  /** As `request.jwt.claims`, where PostgREST and Supabase's `auth.uid()` look for them. */
  readonly claims: Readonly<Record<string, unknown>>;
}

export function actorOf(identity: Identity, options: RowSecurityOptions): Actor {
  const role = typeof options.role === 'function' ? options.role(identity) : (options.role ?? 'authenticated');
  const claims = options.claims ? options.claims(identity) : { ...identity, sub: identity.id, role };
  return { role, claims };
}

/** From here on the statements of the transaction run with the rights of this person. Not waited for. */
export function enter(transaction: Transaction, { role, claims }: Actor): void {
  const sub = typeof claims.sub === 'string' ? claims.sub : '';
  const sql = `SELECT set_config('request.jwt.claims', $1, true), set_config('request.jwt.claim.sub', $2, true),
    set_config('request.jwt.claim.role', $3, true), set_config('role', $3, true)`;
  transaction.all(sql, [JSON.stringify(claims), sub, role]).catch(() => undefined);
}

/** And from here on with our own again. */
export function leave(transaction: Transaction): void {
  transaction.all(`SELECT set_config('role', 'none', true)`).catch(() => undefined);
}
