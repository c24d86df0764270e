import { afterEach, describe, expect, test } from 'vitest';
import { RpcClient } from '../../../src/client/rpc/client.ts';
import { messagePort } from '../../../src/client/rpc/port.ts';
import { serveRpc } from '../../../src/client/rpc/serve.ts';
import { SyncError } from '../../../src/shared/error.ts';

const ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

function line(handle: (method: string, args: readonly unknown[]) => Promise<unknown>) {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1, port2);
  port1.start();
  port2.start();
  const pushes: unknown[] = [];
  const server = serveRpc(messagePort(port2), handle);
  const client = new RpcClient(messagePort(port1), (push) => pushes.push(push));
  return { server, client, pushes };
}

describe('a line between two threads', () => {
  test('answers calls in whatever order they are done', async () => {
    const held: (() => void)[] = [];
    const { client } = line(async (method, args) => {
      if (method === 'slow') await new Promise<void>((resolve) => held.push(resolve));
      return [method, ...args];
    });
    const slow = client.call('slow', [1n]);
    expect(await client.call('fast', [new Uint8Array([1])])).toEqual(['fast', new Uint8Array([1])]);
    held[0]?.();
    expect(await slow).toEqual(['slow', 1n]);
  });

  test('carries errors with their kind and details', async () => {
    const thrown = new SyncError('too-large', 'Too much.', { details: { bytes: 5 } });
    const { client } = line(async () => {
      throw thrown;
    });
    await expect(client.call('any', [])).rejects.toEqual(thrown);
  });

  test('wraps what is no SyncError', async () => {
    const { client } = line(async () => {
      throw new TypeError('broken');
    });
    await expect(client.call('any', [])).rejects.toMatchObject({
      kind: 'storage',
      message: expect.stringMatching(/broken/),
    });
  });

  test('refuses arguments that cannot be sent, and goes on', async () => {
    const { client } = line(async () => 'ok');
    await expect(client.call('any', [() => {}])).rejects.toMatchObject({ kind: 'invalid-value' });
    expect(await client.call('any', [])).toBe('ok');
  });

  test('hands over big byte arrays instead of copying them', async () => {
    const bytes = new Uint8Array(100_000).fill(7);
    const { client } = line(async () => bytes);
    const received = (await client.call('export', [])) as Uint8Array;
    expect([received.length, received[99_999]]).toEqual([100_000, 7]);
    expect(bytes.length, 'the sender has it no more').toBe(0);
  });

  test('delivers pushes in order with answers', async () => {
    const { client, server, pushes } = line(async () => {
      server.push('first');
      return 'done';
    });
    await client.call('any', []);
    expect(pushes).toEqual(['first']);
  });

  test('rejects what is open, and all that comes, when it is closed', async () => {
    const { client } = line(() => new Promise(() => {}));
    const open = client.call('never', []);
    client.close(new SyncError('closed', 'The line is closed.'));
    await expect(open).rejects.toMatchObject({ kind: 'closed' });
    await expect(client.call('more', [])).rejects.toMatchObject({ kind: 'closed' });
  });
});
