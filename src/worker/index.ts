import { openEngine } from '../client/open-engine.ts';
import { broadcastPort, type MessageEnd, messagePort } from '../client/rpc/port.ts';
import { systemRuntime } from '../shared/runtime.ts';
import { hostSession } from './session-host.ts';

/** `tidemark/worker`: the entry of the database worker. It waits for its page to say which database to open. */

const scope: MessageEnd = globalThis as unknown as MessageEnd;
const canShare =
  typeof navigator !== 'undefined' && navigator.locks !== undefined && typeof BroadcastChannel === 'function';

hostSession({
  page: messagePort(scope),
  runtime: systemRuntime,
  sharing: canShare
    ? { locks: navigator.locks, openChannel: (name) => broadcastPort(new BroadcastChannel(name)) }
    : null,
  openEngine: (config, lastTerm) => openEngine({ config, runtime: systemRuntime, lastTerm }),
});
