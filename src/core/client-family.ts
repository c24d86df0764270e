/**
 * A local database that was copied goes on under an id of its own, made from the id it had and the first mutation that the other
 * copy does not have: `root.mutationId.stamp`. Ids with one root are one family: what they have in common, each may send.
 */

/** The id that all copies of one local database began with. */
export function familyOf(clientId: string): string {
  const [root = clientId] = clientId.split('.');
  return root;
}

/** Whether both are ids of one local database or its copies: not over a wipe, after which it begins anew. */
export function isOfOneFamily(one: string, other: string): boolean {
  return familyOf(one) === familyOf(other);
}

/** Whether a wipe lies between the two, as far as both are known. */
export function isWipedSince(before: string | null, now: string | null | undefined): boolean {
  return typeof before === 'string' && typeof now === 'string' && !isOfOneFamily(before, now);
}

/** The id of a copy from this mutation on. Whoever has the same mutation arrives at the same id. */
export function copyId(clientId: string, first: { readonly mutationId: number; readonly hlc: string }): string {
  return `${familyOf(clientId)}.${first.mutationId}.${first.hlc}`;
}
