import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';

/** What is left of a sync server when everything is taken away: a socket that passes messages on. */
export async function startRelay(): Promise<{ url: string; close(): Promise<void> }> {
  const relay = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  relay.on('connection', (socket) => {
    socket.on('message', (data) => {
      for (const other of relay.clients) if (other !== socket) other.send(data);
    });
  });
  await new Promise((resolve) => relay.once('listening', resolve));
  const { port } = relay.address() as AddressInfo;
  return {
    url: `ws://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        for (const socket of relay.clients) socket.terminate();
        relay.close(() => resolve());
      }),
  };
}
