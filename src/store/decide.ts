import type { ConflictInput, ConflictPolicy, Resolution, Resolver } from '../core/policy.ts';
import { policyOf, type Schema, tableOf } from '../core/schema.ts';

/** App code by table, as given to `createSync`. */
export type Resolvers = Readonly<Record<string, ConflictPolicy | Resolver | undefined>>;

/** The tables whose conflicts this page decides: those with a resolver, or with app code in the schema. */
export function decidedTables(schema: Schema, resolvers: Resolvers): string[] {
  return Object.values(schema.tables)
    .filter((of) => {
      if (resolvers[of.name]) return true;
      return [of.conflict, ...Object.values(of.columns).map((column) => column.policy)].some(hasAppCode);
    })
    .map((of) => of.name);
}

/** What app code says about a conflict; null leaves it to a person. */
export async function decide(
  schema: Schema,
  resolvers: Resolvers,
  conflict: ConflictInput,
): Promise<Resolution | null> {
  const resolver = resolvers[conflict.table];
  if (typeof resolver === 'function') return (await resolver(conflict)) ?? null;
  if (resolver) return (await applyPolicy(resolver, conflict)) ?? null;
  return (await bySchema(schema, conflict)) ?? null;
}

/** Each column by its own policy; when they differ, their answers are put together. */
async function bySchema(schema: Schema, conflict: ConflictInput): Promise<Resolution | undefined> {
  const of = tableOf(schema, conflict.table);
  const columns = Object.keys(conflict.fields);
  const policies = new Set(columns.map((column) => policyOf(of, column)));
  if (policies.size <= 1) return applyPolicy([...policies][0] ?? of.conflict, conflict);
  const merged: Record<string, unknown> = {};
  for (const column of columns) {
    const answer = await applyPolicy(policyOf(of, column), conflict);
    if (answer === undefined) return undefined;
    merged[column] = chosenValue(answer, column, conflict);
  }
  return { merged };
}

function chosenValue(answer: Resolution, column: string, conflict: ConflictInput): unknown {
  const field = conflict.fields[column];
  if (typeof answer === 'string') return field?.[answer];
  return Object.hasOwn(answer.merged, column) ? answer.merged[column] : field?.remote;
}

async function applyPolicy(policy: ConflictPolicy, conflict: ConflictInput): Promise<Resolution | undefined> {
  if (typeof policy === 'object') {
    if (policy.kind === 'custom') return policy.resolve(conflict);
    for (const one of policy.policies) {
      const answer = await applyPolicy(one, conflict);
      if (answer !== undefined) return answer;
    }
    return undefined;
  }
  switch (policy) {
    case 'manual':
      return undefined;
    case 'server-wins':
      return 'remote';
    case 'client-wins':
      return 'local';
    case 'merge':
    case 'last-write-wins':
      return conflict.localIsLater ? 'local' : 'remote';
  }
}

function hasAppCode(policy: ConflictPolicy | undefined): boolean {
  if (typeof policy !== 'object') return false;
  return policy.kind === 'custom' || policy.policies.some(hasAppCode);
}
