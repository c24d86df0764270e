import type { Cell } from '../../../src/shared/cell.ts';
import { OWNERS } from './access.ts';
import type { Chance } from './chance.ts';
import { type Client, isExpected } from './client.ts';
import { TALLIES } from './schema.ts';
import type { Tab } from './tabs.ts';

type Sql = readonly [string, readonly Cell[]];

/** Runs one transaction of a tab; the rows each statement changed, once it is durable. Null: rolled back. */
async function write(client: Client, tab: Tab, chance: Chance, statements: readonly Sql[], isKept = true) {
  client.writeCount += 1;
  client.openWriteCount += 1;
  const writeId = `${tab.sessionId}-${client.writeCount}`;
  const { methods } = tab;
  // As the page does: a write that is begun before a wipe is not meant for what comes after it.
  const { clientId = null } = tab.state;
  const counts: number[] = [];
  try {
    for (const [sql, parameters] of statements) {
      counts.push(await methods.writeRun(writeId, { sql, parameters }, clientId));
      if (chance.happens(0.1)) await pause(tab, chance.between(0, 200));
    }
    if (!isKept) {
      await methods.writeRollback(writeId);
      return null;
    }
    const { mutationId } = await methods.writeCommit(writeId);
    if (mutationId !== null && !client.disk.inTransaction) client.own.committed(client, mutationId);
    return counts;
  } finally {
    client.openWriteCount -= 1;
  }
}

function pause({ process }: Tab, ms: number): Promise<void> {
  return new Promise((resolve) => void process.setTimer(ms, resolve));
}

/** An entry with its increment, the device's own count, and sometimes a pair: one transaction, checked everywhere. */
async function entry(client: Client, tab: Tab, chance: Chance): Promise<void> {
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
  const counts = await write(client, tab, chance, statements, isKept);
  if (counts?.[0] === 1) written.isAcknowledged = true;
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

/** Somebody tries what they may not: with rows they may only read, or do not see, or under a list that is not theirs. */
const trespass: Statements = (client, chance) => {
  if (client.user === 'ana') return list(client, chance);
  const id = aList(chance);
  const name = `ben's ${chance.below(1_000)}`;
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
  async (client, tab, chance) => {
    await write(client, tab, chance, statements(client, chance), chance.happens(0.95));
  };

/** The person at the device decides something. */
async function person(_client: Client, { methods }: Tab, chance: Chance): Promise<void> {
  const conflicts = await methods.listConflicts({ state: 'open' });
  if (conflicts.length > 0) {
    await methods.resolveConflict(chance.of(conflicts).id, chance.happens(0.5) ? 'local' : 'remote');
    return;
  }
  const rejected = (await methods.listOutbox()).filter(({ state }) => state === 'rejected');
  if (rejected.length === 0) return;
  const { mutationId } = chance.of(rejected);
  if (chance.happens(0.3)) await methods.retryMutation(mutationId);
  else await methods.discardMutation(mutationId);
}

async function call(client: Client, tab: Tab, chance: Chance): Promise<void> {
  const { methods } = tab;
  client.writeCount += 1;
  const callId = `call-${tab.sessionId}-${client.writeCount}`;
  const kind = chance.of(['sync', 'sync', 'push', 'pull', 'hydrate'] as const);
  const running = methods.runSync(callId, kind, kind === 'hydrate' ? { tables: ['item', 'memo'] } : {});
  if (chance.happens(0.3)) {
    running.catch(() => {});
    await pause(tab, chance.between(0, 100));
    await methods.abortSync(callId);
  }
  await running;
}

type Action = (client: Client, tab: Tab, chance: Chance) => Promise<unknown>;

export const ACTIONS: Readonly<Record<string, Action>> = {
  entry,
  'policy table': transaction(policyTable),
  list: transaction(list),
  trespass: transaction(trespass),
  item: transaction(item),
  family: transaction(family),
  memo: transaction(memo),
  value: transaction(value),
  news: async (client, tab, chance) => {
    if (tab.schema.version > 1) await write(client, tab, chance, news(client, chance));
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
  ACTIONS[name]?.(client, tab, chance).catch((error) => {
    if (!isExpected(error)) onError(error);
  });
}
