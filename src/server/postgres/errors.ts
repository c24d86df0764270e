import { SyncError, type SyncErrorKind } from '../../shared/error.ts';

/** What Postgres says of a failure, as far as we read it (https://www.postgresql.org/docs/current/errcodes-appendix.html). */
export interface PostgresFailure {
  readonly code: string;
  readonly message: string;
  readonly table: string | null;
  readonly column: string | null;
  readonly constraint: string | null;
  readonly detail: string | null;
}

export function failureOf(thrown: unknown): PostgresFailure {
  const fields: Record<string, unknown> = typeof thrown === 'object' && thrown !== null ? { ...thrown } : {};
  const text = (name: string) => (typeof fields[name] === 'string' && fields[name] !== '' ? fields[name] : null);
  return {
    code: text('code') ?? '',
    message: thrown instanceof Error ? thrown.message : String(thrown),
    table: text('table_name'),
    column: text('column_name'),
    constraint: text('constraint_name'),
    detail: text('detail'),
  };
}

/** Another transaction got there first: this one may run again from its start. */
export const isLostRace = ({ code }: PostgresFailure): boolean => code === '40001' || code === '40P01';

/** Another transaction holds a row and does not let go. */
export const isHeldUp = ({ code }: PostgresFailure): boolean => code === '55P03';

/** Columns, tables or types are not what a statement was made for: an ALTER TABLE may have come in between. */
export const mayBeOfAltered = ({ code }: PostgresFailure): boolean =>
  ['42703', '42P01', '42804', '42883', '42846', '0A000', '22P02', '428C9'].includes(code);

export const isDuplicate = ({ code }: PostgresFailure): boolean => code === '23505';

const NOTHING_APPLIED = 'Nothing of the mutation was applied.';

/** A failure as the caller may read it: a reason in words where the user's own database said no. */
export function toSyncError(thrown: unknown): SyncError {
  if (thrown instanceof SyncError) return thrown;
  const failure = failureOf(thrown);
  const refusal = refusalOf(failure);
  if (refusal) return new SyncError(refusal.kind, `${refusal.message} ${NOTHING_APPLIED}`, { cause: thrown });
  const kind: SyncErrorKind = failure.code.startsWith('53') && failure.code !== '53300' ? 'quota' : 'storage';
  return SyncError.from(thrown, kind, 'The server database failed');
}

interface Refusal {
  readonly kind: SyncErrorKind;
  readonly message: string;
}

/** What the user's own constraints, triggers and policies say. Values of other rows are never repeated. */
function refusalOf(failure: PostgresFailure): Refusal | null {
  const { code, table, column, constraint, message } = failure;
  const row = table ? `A row of ${table}` : 'A row';
  const rule = constraint ? ` (constraint ${constraint})` : '';
  const invalid = (what: string): Refusal => ({ kind: 'invalid-value', message: what });
  switch (code) {
    case '23505':
      return invalid(`${row} was refused: another row has the same ${columnsIn(failure) ?? 'values'} already${rule}.`);
    case '23503':
      return invalid(`${row} was refused: ${foreignKeyText(failure)}${rule}.`);
    case '23502':
      return invalid(`${row} was refused: ${column ?? 'a column'} must not be null.`);
    case '23514':
      return invalid(`${row} was refused: its values break a rule of the table${rule}.`);
    case '23P01':
      return invalid(`${row} was refused: it collides with another row${rule}.`);
    case '42501':
      return { kind: 'forbidden', message: `${policyText(message)}.` };
    case '44000':
      return invalid(`${row} was refused: it would not be visible in the view it was written to.`);
    case '22021':
    case '22P05':
      return invalid('A text has the character U+0000, which Postgres cannot store.');
    case 'P0001':
      return { kind: 'rejected', message: endOfSentence(message) };
    default:
      return code.startsWith('22') || code.startsWith('23')
        ? invalid(`${row} was refused by the database: ${endOfSentence(message)}`)
        : null;
  }
}

/** Postgres names the columns in its detail only: `Key (a, b)=(1, 2) already exists.` */
function columnsIn({ detail }: PostgresFailure): string | null {
  return /^Key \((.+?)\)=/.exec(detail ?? '')?.[1] ?? null;
}

function foreignKeyText(failure: PostgresFailure): string {
  const columns = columnsIn(failure) ?? 'a column';
  const referenced = /is not present in table "(.+?)"/.exec(failure.detail ?? '')?.[1];
  if (referenced) return `${columns} names a row of ${referenced} that does not exist`;
  const referencing = /still referenced from table "(.+?)"/.exec(failure.detail ?? '')?.[1];
  return referencing ? `rows of ${referencing} still refer to it` : `${columns} refers to a row that does not exist`;
}

function policyText(message: string): string {
  const table = /for table "(.+?)"/.exec(message)?.[1] ?? /(?:table|relation) (\S+)$/.exec(message)?.[1];
  const what = message.includes('row-level security') ? 'a row level security policy' : 'the permissions of your role';
  return `You may not write this row${table ? ` of ${table}` : ''}: ${what} of the database says no`;
}

const endOfSentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);
