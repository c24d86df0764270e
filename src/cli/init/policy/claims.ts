import { type Expression, uncast } from './expression.ts';

/** `count(*) > 0`. */
export function isCounting(of: Expression): boolean {
  return (
    of.kind === 'binary' &&
    ((of.op === '>' && isLiteral(of.right, 0)) || (of.op === '>=' && isLiteral(of.right, 1))) &&
    of.left.kind === 'call' &&
    of.left.name === 'count'
  );
}

/** A constant: a text, a number, or NULL. */
export function isLiteral(of: Expression | undefined, value: string | number | null): boolean {
  if (of === undefined) return false;
  const plain = uncast(of);
  if (plain.kind !== 'literal') return false;
  if (value === null) return plain.text === 'NULL';
  return plain.text === (typeof value === 'number' ? String(value) : `'${value}'`);
}

/** The claims of the token, all of them. */
export function isClaims(of: Expression): boolean {
  const value = uncast(of);
  if (value.kind === 'query') return value.query.from.length === 0 && value.query.columns.some(isClaims);
  if (value.kind !== 'call') return false;
  if (value.name === 'nullif' && value.args[0]) return isClaims(value.args[0]);
  return (
    value.name === 'auth.jwt' || (value.name === 'current_setting' && isLiteral(value.args[0], 'request.jwt.claims'))
  );
}

/** The roles of tokens that Supabase gives out, beside that of users. */
const OTHER_ROLES = ['service_role', 'anon', 'supabase_admin'];

/**
 * What a comparison with the role of the token comes to: true for the role that everybody has whose token the server accepts,
 * false for one that no user has, null where it compares something else.
 */
export function roleComparison(left: Expression, right: Expression): boolean | null {
  const isRole = (of: Expression): boolean => {
    const value = uncast(of);
    if (value.kind === 'query') return value.query.from.length === 0 && value.query.columns.some(isRole);
    if (value.kind === 'binary') return value.op === '->>' && isLiteral(value.right, 'role') && isClaims(value.left);
    if (value.kind !== 'call') return false;
    const [first, ...rest] = value.args;
    if (value.name === 'nullif' || value.name === 'coalesce')
      return first !== undefined && isRole(first) && rest.every((one) => uncast(one).kind === 'literal');
    return (
      value.name === 'auth.role' || (value.name === 'current_setting' && isLiteral(first, 'request.jwt.claim.role'))
    );
  };
  const other = isRole(left) ? right : isRole(right) ? left : null;
  if (other === null) return null;
  if (isLiteral(other, 'authenticated')) return true;
  return OTHER_ROLES.some((role) => isLiteral(other, role)) ? false : null;
}
