import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const script = fileURLToPath(new URL('../../../scripts/check-history.ts', import.meta.url));

function run(input: string, ...options: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, '-', ...options], {
    input,
    encoding: 'utf8',
  });
  return { status, lines: stdout.split('\n').filter(Boolean), stderr };
}

const histories = JSON.stringify([
  { id: 'good', txns: [{ c: 'a', ops: [{ o: 'w', k: 'x', v: 1 }] }] },
  {
    id: 2,
    txns: [
      { c: 'a', ops: [{ o: 'w', k: 'x', v: 1 }] },
      { c: 'a', ops: [{ o: 'r', k: 'x', v: -1 }] },
    ],
  },
]);

describe('the command', () => {
  test('prints one line of JSON per history', () => {
    const { status, lines } = run(histories);
    expect(lines).toEqual([
      '{"id":"good","valid":true,"violations":[]}',
      '{"id":2,"valid":false,"violations":["read-your-writes"]}',
    ]);
    expect(status).toBe(0);
  });

  test('says where, and fails on a violation, if asked', () => {
    const { status, lines } = run(histories, '--explain', '--strict');
    expect(lines[1]).toContain('"details":[{"name":"read-your-writes","txn":1,"key":"x","read":-1,"least":1}]');
    expect(status).toBe(1);
  });

  test('ends with 2 and the reason for a file that is no list of histories', () => {
    const { status, lines, stderr } = run('[{"id":1}]');
    expect(lines).toEqual([]);
    expect(stderr).toBe('check-history: Not a history: [0].txns must be an array; received nothing.\n');
    expect(status).toBe(2);
  });
});
