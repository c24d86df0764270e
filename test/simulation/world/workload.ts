import type { Cell } from '../../../src/shared/cell.ts';
import { ESTATE, OWNERS } from './access.ts';
import type { Chance } from './chance.ts';
import { type Client, isExpected } from './client.ts';
import { TALLIES } from './schema.ts';
import type { Tab } from './tabs.ts';
import { Violation } from './violation.ts';

type Sql = readonly [string, readonly Cell[]];

/** Thrown in the callback of a write: the person thinks better of it. */
class Dropped extends Error {}

interface Writing {
  readonly client: Client;
  readonly tab: Tab;
  readonly chance: Chance;
}

/** Runs one transaction of a tab; the rows each statement changed, once it is durable. Null: rolled back. */
async function write(by: Writing, statements: readonly Sql[], isKept = true): Promise<readonly number[] | null> {
  const { client, tab } = by;
  client.writeCount += 1;
  client.openWriteCount += 1;
  try {
    const { mutationId, result, settled } = await receiptOf(by, statements, isKept);
    if (mutationId === null) return result;
    tab.receipts.given(mutationId, settled);
    if (!client.disk.inTransaction) client.own.committed(client, mutationId);
    return result;
  } catch (error) {
    if (error instanceof Dropped) return null;
    throw error;
  } finally {
    client.openWriteCount -= 1;
  }
}

/** As an app writes: step by step, or with a callback that is nothing but one statement. */
async function receiptOf({ tab, chance }: Writing, statements: readonly Sql[], isKept: boolean) {
  const queries = statements.map(([sql, parameters]) => ({ sql, parameters }));
  const [only, ...others] = queries;
  if (only && isKept && others.length === 0 && chance.happens(0.5)) {
    const receipt = await tab.page.write((tx) => tx.run(only));
    return { ...receipt, result: [receipt.result] };
  }
  return tab.page.write(async (tx) => {
    const counts: number[] = [];
    for (const query of queries) {
      counts.push(await tx.run(query));
      if (chance.happens(0.1)) await pause(tab, chance.between(0, 200));
    }
    if (!isKept) throw new Dropped();
    return counts;
  });
}

function pause({ process }: Tab, ms: number): Promise<void> {
  return new Promise((resolve) => void process.setTimer(ms, resolve));
}

/** An entry with its increment, the device's own count, and sometimes a pair: one transaction, checked everywhere. */
async function entry(by: Writing): Promise<void> {
  const { client, tab, chance } = by;
  const { author, user } = client;
  const id = `${author}-e${client.entries.size}`;
  const tally = chance.of(TALLIES);
  const amount = 1 + chance.below(9);
  const written = { author, user, tally, amount, isAcknowledged: false };
  client.entries.set(id, written);
  client.options.written.set(id, written);
  const statements: Sql[] = [
    [
      'INSERT INTO entry (id, author, tally, amount) SELECT ?, ?, ?, ? WHERE EXISTS (SELECT 1 FROM tally WHERE id = ?)',
      [id, author, tally, amount, tally],
    ],
    ['UPDATE tally SET total = total + ? WHERE id = ?', [amount, tally]],
    ['INSERT INTO reg (id, n) VALUES (?, 1) ON CONFLICT (id) DO UPDATE SET n = n + 1', [author]],
    ...(chance.happens(0.5) ? pair(`p${chance.below(4)}`, id) : []),
  ];
  const isKept = chance.happens(0.95);
  try {
    const counts = await write(by, statements, isKept);
    if (counts?.[0] === 1) written.isAcknowledged = true;
  } catch (error) {
    // Nobody else has this id: the write has run before, and counted.
    if (/UNIQUE.*entry\.id/.test(String(error)))
      throw new Violation('C3', `${tab.sessionId}: ${id} was written twice.`);
    throw error;
  }
}

const upsert = (table: string, columns: readonly string[], values: readonly Cell[]): Sql => [
  `INSERT INTO ${table} (id, ${columns.join(', ')}) VALUES (${values.map(() => '?').join(', ')})
   ON CONFLICT (id) DO UPDATE SET ${columns.map((column) => `${column} = excluded.${column}`).join(', ')}`,
  values,
];

const pair = (id: string, nonce: string): Sql[] =>
  ['left_half', 'right_half'].map((table) => upsert(table, ['nonce'], [id, nonce]));

type Statements = (client: Client, chance: Chance) => readonly Sql[];

const HOSTILE_TEXT = [
  '',
  'ä\u0301\u200d',
  '\u202Eabc',
  "'); DROP TABLE val;--",
  '<img onerror=x>',
  '__proto__',
  '🏴󠁧󠁢',
  '\n\t\\',
];
const HOSTILE_REAL = [0, 0.1, -1e308, 5e-324, 1 / 3, 2 ** 53 + 2];
const HOSTILE_BIG = [0n, 1n, -(2n ** 63n), 2n ** 63n - 1n, 2n ** 53n + 1n];

const policyTable: Statements = (_client, chance) => {
  const name = chance.of(['of_server', 'of_client', 'of_last', 'of_app']);
  const id = `x${chance.below(3)}`;
  const value = `v${chance.below(1_000_000)}`;
  if (chance.happens(0.1)) return [[`DELETE FROM ${name} WHERE id = ?`, [id]]];
  if (chance.happens(0.3)) return [upsert(name, ['a', 'b'], [id, value, value])];
  return [[`UPDATE ${name} SET ${chance.of(['a', 'b'])} = ? WHERE id = ?`, [value, id]]];
};

const aList = (chance: Chance) => `l${chance.below(4)}`;

const list: Statements = (client, chance) => {
  const owners = client.user === 'ana' ? OWNERS : ['o0', 'o1'];
  const id = aList(chance);
  if (chance.happens(0.1)) return [['DELETE FROM list WHERE id = ?', [id]]];
  if (chance.happens(0.4)) return [['UPDATE list SET owner = ? WHERE id = ?', [chance.of(owners), id]]];
  return [upsert('list', ['name', 'owner'], [id, `name ${chance.below(1_000)}`, chance.of(owners)])];
};

/** Somebody tries what they may not: with rows they may only read, or do not see, under a list that is not theirs, or by making anew what was. */
const trespass: Statements = (client, chance) => {
  if (client.user === 'ana') return list(client, chance);
  const id = aList(chance);
  const name = `ben's ${chance.below(1_000)}`;
  if (chance.happens(0.3)) return [upsert('list', ['name', 'owner'], [ESTATE, name, 'o0'])];
  return [
    chance.of<Sql>([
      upsert('list', ['name', 'owner'], [id, name, chance.of(['o2', 'o3'])]),
      ['UPDATE list SET name = ? WHERE owner = ?', [name, 'o3']],
      ['UPDATE list SET owner = ? WHERE owner = ?', ['o0', 'o3']],
      ['DELETE FROM list WHERE owner = ?', ['o3']],
      ['INSERT OR IGNORE INTO list (id, name, owner) VALUES (?, ?, ?)', [id, name, 'o0']],
      ['INSERT OR REPLACE INTO item (list_id, n, title, note, votes) VALUES (?, ?, ?, NULL, 1)', [id, 1, name]],
    ]),
  ];
};

const item: Statements = (_client, chance) => {
  const key = [`l${chance.below(4)}`, chance.below(3)];
  if (chance.happens(0.3)) return [['UPDATE item SET votes = votes + 1 WHERE list_id = ? AND n = ?', key]];
  if (chance.happens(0.3))
    return [['UPDATE item SET note = ? WHERE list_id = ?', [`note ${chance.next()}`, key[0] as Cell]]];
  if (chance.happens(0.2)) return [['DELETE FROM item WHERE list_id = ? AND n = ?', key]];
  return [
    [
      `INSERT OR REPLACE INTO item (list_id, n, title, note, votes)
       SELECT ?, ?, ?, NULL, 1 WHERE EXISTS (SELECT 1 FROM list WHERE id = ?)`,
      [...key, `title ${chance.below(1_000)}`, key[0] as Cell],
    ],
  ];
};

/** A list goes, with all that is known to be in it, while others add to it or move things there. */
const family: Statements = (_client, chance) => {
  const id = aList(chance);
  const thing = `f${chance.below(6)}`;
  if (chance.happens(0.3)) {
    const below: Sql[] = ['item', 'chore'].map((name) => [`DELETE FROM ${name} WHERE list_id = ?`, [id]]);
    return [...(chance.happens(0.7) ? below : []), ['DELETE FROM list WHERE id = ?', [id]]];
  }
  if (chance.happens(0.3))
    return [
      ['UPDATE chore SET list_id = ? WHERE id = ? AND EXISTS (SELECT 1 FROM list WHERE id = ?)', [id, thing, id]],
    ];
  const text = `text ${chance.below(1_000)}`;
  return [
    [
      `INSERT INTO item (list_id, n, title, note, votes) SELECT ?, ?, ?, NULL, 1 WHERE EXISTS (SELECT 1 FROM list WHERE id = ?)
       ON CONFLICT DO UPDATE SET title = excluded.title`,
      [id, chance.below(3), text, id],
    ],
    ...(chance.happens(0.5)
      ? [
          [
            `INSERT INTO chore (id, list_id, text) SELECT ?, ?, ? WHERE EXISTS (SELECT 1 FROM list WHERE id = ?)
             ON CONFLICT DO UPDATE SET text = excluded.text`,
            [thing, id, text, id],
          ] satisfies Sql,
        ]
      : []),
  ];
};

/** So that a snapshot has several pages. */
const long = (chance: Chance) => (chance.happens(0.5) ? '' : 'long '.repeat(80));

const memo: Statements = (_client, chance) => {
  const id = `m${chance.below(3)}`;
  if (chance.happens(0.15)) return [['DELETE FROM memo WHERE id = ?', [id]]];
  const text = chance.happens(0.15) ? 'bad' : `memo ${chance.below(1_000_000)} ${long(chance)}`;
  return [upsert('memo', ['text'], [id, text])];
};

const value: Statements = (_client, chance) => [
  upsert(
    'val',
    ['x', 'big', 'bytes', 'text'],
    [
      `v${chance.below(6)}`,
      chance.of(HOSTILE_REAL),
      chance.of(HOSTILE_BIG),
      Uint8Array.of(0, 255, chance.below(256)),
      chance.of(HOSTILE_TEXT) + long(chance),
    ],
  ),
];

/** What only the second version of the app knows. */
const news: Statements = (_client, chance) => [
  chance.happens(0.5)
    ? upsert('later', ['text'], [`n${chance.below(3)}`, `later ${chance.below(1_000)}`])
    : ['UPDATE item SET mark = ? WHERE list_id = ?', [`mark ${chance.below(1_000)}`, `l${chance.below(4)}`]],
];

const several: Statements = (client, chance) => [
  ...policyTable(client, chance),
  ...list(client, chance),
  ...value(client, chance),
];

const transaction =
  (statements: Statements): Action =>
  async (by) => {
    await write(by, statements(by.client, by.chance), by.chance.happens(0.95));
  };

/** The person at the device decides something. */
async function person({ tab, chance }: Writing): Promise<void> {
  const { conflicts, outbox } = tab.page;
  const open = await conflicts.list({ state: 'open' });
  if (open.length > 0) {
    await conflicts.resolve(chance.of(open).id, chance.happens(0.5) ? 'local' : 'remote');
    return;
  }
  const rejected = (await outbox.list()).filter(({ state }) => state === 'rejected');
  if (rejected.length === 0) return;
  const { mutationId } = chance.of(rejected);
  if (chance.happens(0.3)) await outbox.retry(mutationId);
  else await outbox.discard(mutationId);
}

async function call({ tab, chance }: Writing): Promise<void> {
  const kind = chance.of(['sync', 'sync', 'push', 'pull', 'hydrate'] as const);
  const stop = new AbortController();
  const { signal } = stop;
  const running = kind === 'hydrate' ? tab.page.hydrate(['item', 'memo'], { signal }) : tab.page[kind]({ signal });
  if (chance.happens(0.3)) {
    running.catch(() => {});
    await pause(tab, chance.between(0, 100));
    stop.abort();
  }
  await running;
}

type Action = (by: Writing) => Promise<unknown>;

export const ACTIONS: Readonly<Record<string, Action>> = {
  entry,
  'policy table': transaction(policyTable),
  list: transaction(list),
  trespass: transaction(trespass),
  item: transaction(item),
  family: transaction(family),
  memo: transaction(memo),
  value: transaction(value),
  news: async (by) => {
    if (by.tab.schema.version > 1) await write(by, news(by.client, by.chance));
  },
  several: transaction(several),
  person,
  call,
};

const WEIGHTS: Readonly<Record<string, number>> = { entry: 8, 'policy table': 4, person: 2, call: 1 };

export const ACTION_NAMES: readonly string[] = Object.keys(ACTIONS).flatMap((name) =>
  Array.from({ length: WEIGHTS[name] ?? 2 }, () => name),
);

/** Starts the action; it goes on while time does. Unexpected errors are told. */
export function act(name: string, client: Client, chance: Chance, onError: (error: unknown) => void): void {
  if (!client.isRunning) return;
  const tab = chance.of(client.tabs);
  if (tab.process.isFrozen) return;
  // Who sees that the data are gone has left, whether or not the tab that wiped them knows by now.
  const { switching } = client;
  if (switching && tab.state.clientId !== switching.deviceId) return;
  ACTIONS[name]?.({ client, tab, chance }).catch((error) => {
    if (!isExpected(error)) onError(error);
  });
}
