import type { ScopeRule, SharedWhen } from 'tidemark/core';
import { code, type ProposedColumn, quote } from './column-types.ts';
import { CALLER } from './policy/group-query.ts';
import type { Proposal, ProposedTable } from './propose.ts';
import { describeRule, type Membership, NOBODY, PUBLIC } from './scope-parts.ts';

/** The text of the schema file. */
export function printSchema(proposal: Proposal): string {
  const tables = proposal.tables.map(printTable).join('\n');
  return `import { defineSchema, t, table } from 'tidemark/core';

/**
 * Proposed from the Postgres schema ${JSON.stringify(proposal.schema)} by \`tidemark init postgres\`. It is yours now: read the scopes,
 * leave out what devices need not hold, and raise \`version\` whenever you change it.
 */
export const schema = defineSchema({
  version: 1,
  tables: {
${tables}
  },
});
`;
}

function printTable(table: ProposedTable): string {
  const columns = table.columns.map((column) => `        ${printColumn(column)}`);
  const notes = new Set([table.scope.because, ...table.scope.notes, ...table.notes]);
  const options = [
    ...(table.key.length === 1 && table.key[0] === 'id' ? [] : [`primaryKey: ${printNames(table.key)}`]),
    `scope: ${printScope(table.scope.rule)}`,
    ...(table.indexes.length === 0 ? [] : [`indexes: [${table.indexes.map(printNames).join(', ')}]`]),
  ];
  return [
    ...[...notes].map((note) => `    // ${note}`),
    `    ${table.name}: table(`,
    '      {',
    ...columns,
    '      },',
    printOptions(options),
    '    ),',
  ].join('\n');
}

function printOptions(options: readonly string[]): string {
  const line = `      { ${options.join(', ')} },`;
  return line.length <= 100 ? line : `      {\n${options.map((one) => `        ${one},\n`).join('')}      },`;
}

function printColumn({ name, kind, isNullable, defaultValue, note }: ProposedColumn): string {
  const nullable = isNullable ? '.nullable()' : '';
  const fallback = defaultValue === undefined ? '' : `.default(${code(defaultValue)})`;
  return `${name}: t.${kind}()${nullable}${fallback},${note === null ? '' : ` // ${note}`}`;
}

/** A scope rule in TypeScript. */
export function printScope(rule: ScopeRule): string {
  if (typeof rule === 'string') return quote(rule);
  const parts = Object.entries(rule).map(([name, value]) => `${name}: ${printPart(value)}`);
  return `{ ${parts.join(', ')} }`;
}

function printPart(value: string | SharedWhen): string {
  if (typeof value === 'string') return quote(value);
  const parts = Object.entries(value).map(([name, one]) => {
    return `${name}: ${typeof one === 'string' ? quote(one) : `[${one.map(code).join(', ')}]`}`;
  });
  return `{ ${parts.join(', ')} }`;
}

function printNames(names: readonly string[]): string {
  return `[${names.map(quote).join(', ')}]`;
}

const SHARED = `  // Rows that everybody reads are not everybody's to write: without row level security nobody writes them here.
`;

/** The text of the file with the rules of access. */
export function printAccess(proposal: Proposal): string {
  const asked = [...Map.groupBy(proposal.memberships, ({ kind }) => kind)].map(printMembership);
  const own = [
    `\`user:\${identity.id}\``,
    ...asked.flatMap(({ name, kind, hasSelf }) => [
      ...(hasSelf ? [`\`${kind}:\${identity.id}\``] : []),
      `...${name}.map(({ id }) => \`${kind}:\${id}\`)`,
    ]),
  ];
  const isShared = proposal.tables.some(({ scope }) => scopeNames(scope.rule).includes(PUBLIC));
  const read = isShared ? [quote(PUBLIC), '...own'] : ['...own'];
  const imports = asked.length === 0 ? '' : `import { sql } from 'tidemark/core';\n`;
  const parameters = ['identity', asked.length === 0 ? '_db' : 'db', '{ hasRowSecurity }'];
  const db = parameters.slice(0, isShared ? 3 : asked.length === 0 ? 1 : 2).join(', ');
  return `${imports}import type { AccessFunction } from 'tidemark/server';

/**
 * Which scopes a user reads and writes, as \`tidemark init postgres\` read it from your policies and keys. Review it: it decides what
 * leaves the server.${nobodyNote(proposal)}
 */
export const access: AccessFunction = async (${db}) => {
${asked.map(({ code }) => `  ${code}\n`).join('')}  const own = [${own.join(', ')}];
${isShared ? SHARED : ''}  return { read: [${read.join(', ')}], write: ${isShared ? `hasRowSecurity ? ['${PUBLIC}', ...own] : own` : 'own'} };
};
`;
}

function nobodyNote({ tables }: Proposal): string {
  const closed = tables.filter(({ scope }) => scopeNames(scope.rule).includes(NOBODY)).map(({ name }) => name);
  return closed.length === 0 ? '' : ` Rows of the scope \`${NOBODY}\` (in ${closed.join(', ')}) stay here.`;
}

function scopeNames(rule: ScopeRule): string[] {
  if (typeof rule === 'string') return [rule];
  if (!('by' in rule)) return [];
  return [rule.whenNull, rule.sharedWhen?.scope, rule.kind === NOBODY ? NOBODY : undefined].flatMap((one) => one ?? []);
}

function printMembership([kind, memberships]: readonly [string, readonly Membership[]]) {
  const name = `${camelCase(kind)}s`;
  const queries = memberships.flatMap(({ sql }) => (sql === null ? [] : [inTemplate(sql)]));
  const query = queries.join('\n      UNION ');
  const hasSelf = memberships.some(({ sql }) => sql === null);
  return { name, kind, hasSelf, code: `const ${name} = await db.all<{ id: string }>(sql\`${query}\`);` };
}

/** The text of a query within a template of JavaScript. */
function inTemplate(text: string): string {
  return text.replaceAll(/[\\`]|\$\{/g, '\\$&').replaceAll(CALLER, `\${identity.id}`);
}

function camelCase(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9]+(.)?/g, (_, next: string | undefined) => (next ?? '').toUpperCase()) || 'group';
}

/** The review that `init` prints: one line per table, then what needs a person. */
export function printReview(proposal: Proposal): string {
  const { tables, skipped } = proposal;
  const width = Math.max(0, ...tables.map(({ name }) => name.length));
  const lines = tables.map(
    ({ name, scope }) => `  ${name.padEnd(width)}  ${describeRule(scope.rule)}${' '.repeat(2)}(${scope.because})`,
  );
  const notes = tables.flatMap(({ name, scope, notes: own }) =>
    [...new Set([...scope.notes, ...own])].map((note) => `  ${name}: ${note}`),
  );
  const left = skipped.map(({ name, reason }) => `  ${name}: ${reason}`);
  return [
    `${tables.length} tables, and who holds their rows:`,
    ...lines,
    ...(notes.length === 0 ? [] : ['', 'To look at:', ...notes]),
    ...(left.length === 0 ? [] : ['', 'Left out:', ...left]),
  ].join('\n');
}
