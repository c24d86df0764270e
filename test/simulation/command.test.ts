import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const script = fileURLToPath(new URL('../../scripts/simulate.ts', import.meta.url));

function simulate(...args: readonly string[]) {
  const { status, stdout } = spawnSync(process.execPath, [script, '--seeds', '1', '--jobs', '1', ...args]);
  return { status, summary: JSON.parse(stdout.toString().trim().split('\n').at(-1) ?? '') };
}

test('the command ends with 0 where every promise held, and with 1 where not: a mistake that one history does not meet is missed', () => {
  expect(simulate()).toMatchObject({ status: 0, summary: { violations: [] } });
  const rare = 'a node does not see what another has decided';
  expect(simulate('--planted', '--only', rare)).toMatchObject({ status: 1, summary: { missed: [rare] } });
});
