import { wait } from './faults.ts';
import type { Ledger } from './ledger.ts';
import type { TcpProxy } from './proxy.ts';
import type { Random } from './random.ts';

/**
 * When the fault strikes: after some writes; when a push has gone in and its answer has not come out; or when the answer has come as far as
 * the proxy, which keeps it: committed, and not acknowledged.
 */
export type Moment = 'writes' | 'push' | 'answer';

const LIMIT_MS = 15_000;

export interface MomentOptions {
  readonly moment: Moment;
  readonly proxy: TcpProxy;
  readonly ledger: Ledger;
  readonly random: Random;
}

/** Resolves when the moment has come. After `answer`, the proxy holds what comes from the server. */
export async function momentOf({ moment, proxy, ledger, random }: MomentOptions): Promise<void> {
  if (moment === 'writes') return within(ledger.moreWrites(random.between(1, 30)));
  const message = moment === 'push' ? 'push' : 'pushed';
  await within(
    seen(proxy, {
      message,
      count: random.between(1, 4),
      onSeen: () => {
        if (moment === 'answer') proxy.hold('down');
      },
    }),
  );
  // The commit takes a few milliseconds: before, in the middle of it, or after.
  const delayMs = random.between(0, 6);
  if (moment === 'push' && delayMs > 0) await wait(delayMs);
}

function seen(proxy: TcpProxy, wanted: { message: string; count: number; onSeen: () => void }): Promise<void> {
  return new Promise((resolve) => {
    let left = wanted.count;
    const unwatch = proxy.watch(({ message }) => {
      if (message !== wanted.message) return;
      left -= 1;
      if (left > 0) return;
      unwatch();
      wanted.onSeen();
      resolve();
    });
  });
}

async function within(moment: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`The moment did not come within ${LIMIT_MS} ms.`)), LIMIT_MS);
  });
  try {
    await Promise.race([moment, late]);
  } finally {
    clearTimeout(timer);
  }
}
