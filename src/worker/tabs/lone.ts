import type { OpenEngine } from '../../client/open-engine.ts';
import { callMethod } from '../../client/rpc/methods.ts';
import { SyncError } from '../../shared/error.ts';
import type { MembershipOptions } from './membership.ts';

type LoneOptions = Pick<
  MembershipOptions,
  'sessionId' | 'openEngine' | 'relay' | 'onPush' | 'onLeadership' | 'onTrouble'
>;

/** A session without Web Locks or BroadcastChannel: it has the database to itself, or none. */
export class LoneMembership {
  readonly #opening: Promise<OpenEngine | null>;

  constructor(options: LoneOptions) {
    this.#opening = open(options);
  }

  /** @throws SyncError `misuse`: there is nobody to take over. */
  endLeadership(): void {
    throw new SyncError('misuse', 'This browser cannot share a database between tabs: no other tab could take over.');
  }

  async close(): Promise<void> {
    const opened = await this.#opening;
    await opened?.engine.close();
  }
}

async function open(options: LoneOptions): Promise<OpenEngine | null> {
  const { sessionId, relay, onPush, onLeadership, onTrouble } = options;
  try {
    const opened = await options.openEngine(0);
    const connection = opened.engine.connect(sessionId);
    connection.onPush(onPush);
    onLeadership(true);
    onTrouble(null);
    relay.connect({ isOwn: true, call: (method, args) => callMethod(connection.methods, method, args) });
    return opened;
  } catch (error) {
    const known = SyncError.from(error, 'storage', 'The local database cannot be opened');
    relay.fail(known);
    onTrouble(known);
    return null;
  }
}
