import { describe, expect, test } from 'vitest';
import type { Logger } from '../../src/server/options.ts';
import { runFuzz } from '../fuzz/run-fuzz.ts';
import { dial, start } from './server-edge-harness.ts';

describe('broken messages', () => {
  test('are refused with typed errors, harm nothing and leave nothing behind', async () => {
    const { refused, answered, frames, rowsStored } = await runFuzz({ seed: 20_251_121, seconds: 2 });
    // Some of everything was sent; how much depends on the machine.
    for (const count of [refused, answered, frames, rowsStored]) expect(count).toBeGreaterThan(0);
  }, 60_000);

  test('that break off in the middle are no failure of the server', async () => {
    const lines: string[] = [];
    const refused = new Promise<void>((resolve) => {
      const note = (level: keyof Logger) => (_: object, message: string) => {
        lines.push(`${level}: ${message}`);
        if (message === 'request refused' || message === 'request failed') resolve();
      };
      const logger: Logger = { info: note('info'), warn: note('warn'), error: note('error') };
      void begin(logger);
    });
    await refused;
    expect(lines).toContain('warn: request refused');
  });
});

/** Sends the beginning of a request, and hangs up. */
async function begin(logger: Logger): Promise<void> {
  const socket = await dial(await start({ logger }));
  const head = 'POST /v1/push HTTP/1.1\r\nhost: a\r\ncontent-type: application/cbor\r\ncontent-length: 100\r\n\r\n';
  socket.write(`${head}beginning`, () => socket.end());
}
