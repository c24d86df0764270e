import { fuzzDecoder } from './decoder.ts';
import { fuzzHttp } from './http.ts';
import { type Path, paths } from './messages.ts';
import { fuzzRaw } from './raw.ts';
import { FuzzSocket } from './socket.ts';
import { openWorld, type World } from './world.ts';

/** Sends given bytes to a fresh server, as a failure names them: `decode`, `http:<path>`, `socket` or `raw`. */
export async function sendAgain(target: string, frames: readonly Uint8Array[]): Promise<void> {
  const world = await openWorld();
  try {
    await sendTo({ target, frames, world });
    const [failure] = world.failures;
    if (failure !== undefined) throw new Error(`The server failed inside: ${failure}`);
  } finally {
    await world.stop();
    world.remove();
  }
}

interface Sending {
  readonly target: string;
  readonly frames: readonly Uint8Array[];
  readonly world: World;
}

async function sendTo({ target, frames, world }: Sending): Promise<void> {
  const path = paths.find((one) => target === `http:${one}`);
  if (target === 'socket') return sendToSocket(world, frames);
  for (const bytes of frames) {
    if (path) await fuzzHttp(world.url, path satisfies Path, bytes);
    else if (target === 'raw') await fuzzRaw(world.url, bytes);
    else fuzzDecoder(bytes);
  }
}

async function sendToSocket(world: World, [first, ...rest]: readonly Uint8Array[]): Promise<void> {
  const socket = await FuzzSocket.open(world.url);
  if (first) await socket.greet(first);
  for (const bytes of rest) if (socket.isOpen) await socket.send(bytes);
  socket.close();
}
