import type { CatalogueTable } from '../catalogue.ts';
import type { Term } from './condition.ts';
import type { Expression } from './expression.ts';
import type { FunctionBody } from './function-body.ts';

/** A table that may be named. */
export interface Frame {
  readonly alias: string;
  readonly table: string;
  readonly row: number;
}

/** Where an expression stands: what its names mean. */
export interface Environment {
  /** Tables that may be named, the nearest first. */
  readonly frames: readonly (readonly Frame[])[];
  /** What a function was called with. */
  readonly parameters: ReadonlyMap<string, Placed>;
  /** The function around; null in a policy itself. */
  readonly routine: string | null;
  readonly depth: number;
  readonly isDefiner: boolean;
}

/** An expression, and where its names mean something. */
export type Placed = readonly [Expression, Environment];

/** Within the body of a function that is called with these. */
export function inside(body: FunctionBody, args: readonly Expression[], env: Environment): Environment {
  const outside: Environment = { ...env, frames: [], parameters: new Map(), routine: null };
  const parameters = new Map<string, Placed>();
  const count = Math.max(args.length, body.parameters.length);
  for (let index = 0; index < count; index += 1) {
    const { name = '', fallback = null } = body.parameters[index] ?? {};
    const arg = args[index];
    const given: Placed | null = arg ? [arg, env] : fallback && [fallback, outside];
    if (!given) continue;
    parameters.set(`$${index + 1}`, given);
    if (name !== '') parameters.set(name, given);
  }
  const isDefiner = env.isDefiner || body.isDefiner;
  return { frames: [], parameters, routine: body.name, depth: env.depth + 1, isDefiner };
}

export type Found =
  | { readonly kind: 'term'; readonly term: Term }
  | { readonly kind: 'given'; readonly expression: Expression; readonly env: Environment };

/** What a name stands for: a column of the nearest table that has it, or what a function was given. */
export function find(
  tables: ReadonlyMap<string, CatalogueTable>,
  path: readonly string[],
  env: Environment,
): Found | null {
  const [column = '', owner] = path.toReversed();
  const has = ({ table }: Frame) => tables.get(table)?.columns.some(({ name }) => name === column) ?? false;
  for (const frame of env.frames) {
    const fitting = frame.filter((one) => (owner === undefined || one.alias === owner) && has(one));
    const [only] = fitting;
    if (fitting.length > 1) return null;
    if (only) return { kind: 'term', term: { row: only.row, column } };
  }
  if (owner !== undefined && owner !== env.routine) return null;
  const given = env.parameters.get(column);
  return given ? { kind: 'given', expression: given[0], env: given[1] } : null;
}
