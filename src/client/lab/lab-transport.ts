import type { Schema } from '../../core/schema.ts';
import type { PushRequest, PushResponse } from '../../protocol/messages/push.ts';
import type { Transport } from '../../transport/transport.ts';
import { AnotherDevice } from './another-device.ts';
import type { Lab } from './lab.ts';

export interface LabTransportOptions {
  readonly transport: Transport;
  /** Makes a second way to the server, without a channel: another device does not share this one's. */
  readonly openSecond: () => Transport;
  readonly schema: Schema;
  readonly lab: Lab;
  /** A new id for another device. */
  readonly uuid: () => string;
}

/** What the server of a refused mutation says, in place of what it really found wrong. */
const REJECTED = { code: 'rejected', message: 'Refused because the lab of the devtools asked for it.' };

/** The way to the server, on which the lab can have the next mutation refused, or met by another device's. */
export function labTransport({ transport, openSecond, schema, lab, uuid }: LabTransportOptions): Transport {
  const other = new AnotherDevice({ schema, openTransport: openSecond, uuid });
  /** The mutation to be refused: the same one when its request has to be sent again. */
  let aimedAt: number | null = null;

  const push = async (request: PushRequest, signal?: AbortSignal): Promise<PushResponse> => {
    if (lab.conditions.conflictNext && (await other.meets(request, signal))) lab.used('conflictNext');
    if (!lab.conditions.rejectNext) return transport.push(request, signal);
    const ids = request.mutations.map(({ mutationId }) => mutationId);
    const refusedId = ids.find((id) => id === aimedAt) ?? ids[0];
    if (refusedId === undefined) return transport.push(request, signal);
    aimedAt = refusedId;
    const response = await transport.push(spoilt(request, refusedId), signal);
    lab.used('rejectNext');
    return explained(response, refusedId);
  };

  return {
    handshake: (request, signal) => transport.handshake(request, signal),
    pull: (request, signal) => transport.pull(request, signal),
    devices: (request, signal) => transport.devices(request, signal),
    connect: (handshake, listener) => transport.connect(handshake, listener),
    attend: (isAttended) => transport.attend?.(isAttended),
    push: (request, signal) => (lab.shown ? push(request, signal) : transport.push(request, signal)),
    close() {
      other.close();
      transport.close();
    },
  };
}

/**
 * The request, with this mutation made one that the server must refuse. The server itself decides, once and for all, so both sides agree;
 * the work stays in the outbox, where a person can retry, edit or discard it.
 */
function spoilt(request: PushRequest, mutationId: number): PushRequest {
  const mutations = request.mutations.map((mutation) =>
    mutation.mutationId === mutationId
      ? { ...mutation, changes: [{ table: 'refused by the lab', key: [0], op: 'delete' as const, columns: {} }] }
      : mutation,
  );
  return { ...request, mutations };
}

function explained(response: PushResponse, mutationId: number): PushResponse {
  const outcomes = response.outcomes.map((outcome) =>
    outcome.mutationId === mutationId && outcome.outcome === 'rejected' ? { ...outcome, reason: REJECTED } : outcome,
  );
  return { ...response, outcomes };
}
