import postgres from 'postgres';
import type { Device } from './device.ts';

export interface Evidence {
  readonly databaseUrl: string;
  readonly devices: readonly Device[];
  /** Ids of entries whose write was acknowledged. */
  readonly acknowledged: readonly string[];
  readonly programs: readonly { readonly committed: readonly number[] }[];
}

/** However slow the machine: after this long it is no longer slowness. */
const PATIENCE_MS = 60_000;

/** Holds what there is, with everybody at rest, against what was promised. Empty: all is well. */
export async function judge({ databaseUrl, devices, acknowledged, programs }: Evidence): Promise<string[]> {
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => undefined });
  try {
    return [
      ...(await lostOrDoubled(sql, devices, acknowledged)),
      ...(await tornOrLost(sql, programs)),
      ...(await notOneTotal(sql)),
      ...(await decidedTwice(sql)),
      ...(await unequal(sql, devices)),
    ];
  } finally {
    await sql.end({ timeout: 1 });
  }
}

async function lostOrDoubled(
  sql: postgres.Sql,
  devices: readonly Device[],
  acknowledged: readonly string[],
): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`SELECT id FROM entry WHERE starts_with(writer, 'device')`;
  const stored = new Set(rows.map(({ id }) => id));
  const written = devices.flatMap((device) => device.written);
  const known = new Set(written);
  return [
    ...acknowledged.filter((id) => !stored.has(id)).map((id) => `${id} was acknowledged and is lost`),
    ...written.filter((id) => !stored.has(id)).map((id) => `${id} was written and has not arrived`),
    ...[...stored].filter((id) => !known.has(id)).map((id) => `${id} was written by nobody`),
  ];
}

/** What programs were told to have committed is there, and every transaction as a whole. */
async function tornOrLost(sql: postgres.Sql, programs: Evidence['programs']): Promise<string[]> {
  const done = await sql`SELECT writer, tx FROM done`;
  const known = new Set(done.map(({ writer, tx }) => `${writer}.${tx}`));
  const lost = programs.flatMap(({ committed }, index) =>
    committed.map((tx) => `program-${index}.${tx}`).filter((name) => !known.has(name)),
  );
  const wrong =
    await sql`SELECT d.writer, d.tx FROM done d WHERE (SELECT count(*) FROM entry e WHERE e.writer = d.writer AND e.tx = d.tx)
    <> CASE WHEN EXISTS (SELECT FROM done x WHERE x.writer = d.writer AND x.deleted = d.tx) THEN 0 ELSE d.total END`;
  return [
    ...lost.map((name) => `transaction ${name} was committed and is lost`),
    ...wrong.map(({ writer, tx }) => `transaction ${writer}.${tx} is there in part, or again`),
  ];
}

/** Each write and each transaction counted once: whatever was sent again, and whatever was undone. */
async function notOneTotal(sql: postgres.Sql): Promise<string[]> {
  const [row] =
    await sql`SELECT sum, (SELECT count(*) FROM entry WHERE starts_with(writer, 'device')) + (SELECT count(*) FROM done) AS expected
    FROM tally`;
  return row?.sum === row?.expected ? [] : [`the tally says ${row?.sum}, and ${row?.expected} have counted`];
}

async function decidedTwice(sql: postgres.Sql): Promise<string[]> {
  const rows = await sql`SELECT client_id, mutation_id FROM tidemark.commit WHERE client_id IS NOT NULL
    GROUP BY client_id, mutation_id HAVING count(*) > 1`;
  const gaps = await sql`SELECT head FROM tidemark.state WHERE head <> (SELECT count(*) FROM tidemark.commit)`;
  return [
    ...rows.map((row) => `mutation ${row.mutation_id} of ${row.client_id} has two commits`),
    ...gaps.map(({ head }) => `the log ends with ${head} and has gaps`),
  ];
}

/** Every device has what the database has, row for row, before long. */
async function unequal(sql: postgres.Sql, devices: readonly Device[]): Promise<string[]> {
  const [expected] = await sql`SELECT
    (SELECT coalesce(json_agg(json_build_array(id, writer, tx, total) ORDER BY id COLLATE "C"), '[]') FROM entry) AS entry,
    (SELECT json_agg(json_build_array(id, sum) ORDER BY id COLLATE "C") FROM tally) AS tally,
    (SELECT coalesce(json_agg(json_build_array(id, body, by) ORDER BY id COLLATE "C"), '[]') FROM note) AS note`;
  const texts = Object.fromEntries(Object.entries(expected ?? {}).map(([name, rows]) => [name, JSON.stringify(rows)]));
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    const contents = await Promise.all(devices.map((device) => device.content()));
    const wrong = contents.flatMap((content, index) =>
      Object.entries(content).flatMap(([name, text]) =>
        text === texts[name] ? [] : [`device-${index} has another ${name}`],
      ),
    );
    if (wrong.length === 0 || performance.now() > until) return wrong;
    await Promise.all(devices.map((device) => device.calm()));
  }
}
