import type { PulledTransaction } from '../../protocol/messages/pull.ts';
import type { ServerFrame } from '../../protocol/messages/realtime.ts';
import { encodeMessage } from '../../protocol/parse.ts';

/** By the transactions they tell of, which all who follow from the same place share. */
const told = new WeakMap<readonly PulledTransaction[], Map<number, Uint8Array>>();

/** A frame as bytes. What a commit tells many sockets in the same words is written once. */
export function encodeFrame(frame: ServerFrame): Uint8Array {
  if (frame.type !== 'changes') return encodeMessage(frame);
  const { transactions, from } = frame.page;
  const known = told.get(transactions) ?? new Map<number, Uint8Array>();
  told.set(transactions, known);
  const bytes = known.get(from) ?? encodeMessage(frame);
  known.set(from, bytes);
  return bytes;
}
