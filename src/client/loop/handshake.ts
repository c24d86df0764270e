import type { HandshakeRequest, HandshakeResponse } from '../../protocol/messages/handshake.ts';
import { CAPABILITIES, OLDEST_PROTOCOL_VERSION, PROTOCOL_VERSION } from '../../protocol/version.ts';
import { SyncError } from '../../shared/error.ts';
import type { LocalStore } from '../local-store.ts';
import { change, type RoundContext } from './round-context.ts';
import type { SyncLoopOptions } from './sync-loop.ts';

/** Makes sure that the server knows us, and that it is still the same server and the same user as before. */
export async function shakeHands(context: RoundContext): Promise<void> {
  const { line, options, signal } = context;
  if (line.session) return;
  const session = await line.handshake(handshakeRequest(options), signal);
  checkProtocol(session);
  checkSubject(options, session);
  await change(context, (store) => {
    if (store.subject === null) store.bindSubject(session.subject);
  });
  line.open(session);
  const { cursor } = options.store;
  if (cursor && cursor.epoch !== session.epoch) throw epochChanged(cursor.epoch, session.epoch);
}

export function handshakeRequest({ schema, store, deviceName }: SyncLoopOptions): HandshakeRequest {
  return {
    protocol: PROTOCOL_VERSION,
    schemaVersion: schema.version,
    clientId: store.clientId,
    capabilities: [...CAPABILITIES],
    ...(deviceName ? { deviceName } : {}),
    ...ownerOf(store),
  };
}

/**
 * Whose these data are goes with every request: the token may be another person's by now, and a server that was set back does not know
 * this device.
 */
export function ownerOf({ subject }: LocalStore): { owner?: string } {
  return subject === null ? {} : { owner: subject };
}

/** The server chose the version to speak: it may be older than ours, by as much as we still know. */
export function checkProtocol({ protocol }: HandshakeResponse): void {
  if (protocol >= OLDEST_PROTOCOL_VERSION && protocol <= PROTOCOL_VERSION) return;
  throw new SyncError(
    'version',
    `The server wants to speak version ${protocol} of the protocol, this app speaks ${PROTOCOL_VERSION}.`,
  );
}

/** Local data and outbox belong to one user: nothing of them goes anywhere under another one. */
export function checkSubject({ store, onCaller }: SyncLoopOptions, session: HandshakeResponse): void {
  const { subject } = store;
  if (subject === null || subject === session.subject) return onCaller?.(null);
  const stranger = new SyncError(
    'forbidden',
    `The data on this device belongs to ${subject}, and ${session.subject} is signed in. It is kept for ${subject}: nothing of it is ` +
      `shown or sent meanwhile. Sign in as ${subject} again, or call wipe() to begin anew.`,
    { details: { localSubject: subject, serverSubject: session.subject } },
  );
  onCaller?.(stranger);
  throw stranger;
}

export function epochChanged(ours: string, theirs: string): SyncError {
  return new SyncError('epoch', `The server's history is ${theirs} now; this device followed ${ours}.`, {
    details: { ours, theirs },
  });
}
