import { describe, expect, test } from 'vitest';
import { beginTerm } from '../../../../src/client/open-engine.ts';
import { setUp } from './engine-setup.ts';

describe('a leadership', () => {
  test('is counted on from the highest that anybody knows of', async () => {
    const { engine, database } = await setUp();
    expect(await beginTerm({ engine, database, lastTerm: 0 })).toMatchObject({ term: 1 });
    expect(await beginTerm({ engine, database, lastTerm: 6 })).toMatchObject({ term: 7 });
    expect(await beginTerm({ engine, database, lastTerm: 0 })).toMatchObject({ term: 8 });
    await engine.close();
  });

  test('that the disk does not take down leaves no engine behind: the next one would find it on the same database', async () => {
    const { engine, database } = await setUp();
    database.exec('PRAGMA query_only = 1');

    await expect(beginTerm({ engine, database, lastTerm: 0 })).rejects.toMatchObject({ kind: 'storage' });

    expect(() => engine.connect('page')).toThrow(expect.objectContaining({ kind: 'closed' }));
    expect(() => database.read('SELECT 1')).toThrow(expect.objectContaining({ kind: 'closed' }));
  });
});
