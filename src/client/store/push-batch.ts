import { LIMITS } from '../../protocol/limits.ts';
import type { OutgoingPush } from '../local-store.ts';
import type { ClientIds } from './client-ids.ts';
import type { Outbox, OutboxItem } from './outbox.ts';
import { pack } from './pack.ts';
import type { Parking } from './parking.ts';
import { rowsOf } from './row-access.ts';

/** Encoded size of a mutation beyond its changes: the names of its fields, id, stamp and base. */
const HEAD_BYTES = 64;
/** Encoded size of a part beyond its bytes. */
const PART_HEAD_BYTES = 96;

export interface PushQueue {
  /** Whether `next` would give something. */
  readonly hasSendable: boolean;
  next(maxBytes: number): OutgoingPush | null;
  /** These mutations were not sent after all, or their request failed: they wait again. */
  unsend(mutationIds: readonly number[]): void;
  /**
   * The request on its way was answered; what got no outcome waits again. What the server told to be waiting it has not
   * decided, so it may still be thrown away.
   */
  answered(answer: { readonly settled: ReadonlySet<number>; readonly waiting: ReadonlySet<number> }): void;
  /** After a restart nothing is on its way: what was sent waits again. */
  reset(): void;
  /** The request last cut was never marked as sent, or all local data goes. */
  forget(): void;
}

/** A mutation that goes in parts: which one is next. */
interface Upload {
  readonly mutationId: number;
  readonly bytes: Uint8Array;
  readonly partBytes: number;
  index: number;
}

/** Cuts the outbox into requests: in order, one on its way at a time, so that no write overtakes another. */
export function createPushQueue(parts: {
  readonly outbox: Outbox;
  readonly parking: Parking;
  readonly clientIds: ClientIds;
}): PushQueue {
  const { outbox, parking, clientIds } = parts;
  let upload: Upload | null = null;
  let isOnItsWay = false;

  const wait = (item: OutboxItem) => {
    const isBlocked = parking.isBlocked(rowsOf(outbox.changesOf(item)), item.position);
    outbox.update(item, { state: isBlocked ? 'parked' : 'pending' });
  };

  const send = (items: readonly OutboxItem[]) => {
    for (const item of items) outbox.update(item, { state: 'sent', attempts: item.attempts + 1 });
    isOnItsWay = true;
  };

  const nextPart = (): OutgoingPush | null => {
    const item = upload && outbox.byMutation(upload.mutationId);
    if (!upload || !item) return null;
    if (item.state !== 'sent') send([item]);
    isOnItsWay = true;
    const { bytes, partBytes, index, mutationId } = upload;
    const count = Math.ceil(bytes.length / partBytes);
    const slice = bytes.slice(index * partBytes, (index + 1) * partBytes);
    return {
      clientId: clientIds.ofMutation(mutationId),
      mutations: [],
      part: { mutationId, hlc: item.hlc, index, count, bytes: slice },
      mutationIds: index === count - 1 ? [mutationId] : [],
      sizeBytes: slice.length + PART_HEAD_BYTES,
    };
  };

  const startUpload = (item: OutboxItem, room: number): OutgoingPush | null => {
    upload = {
      mutationId: item.mutationId,
      bytes: encodeMutation(outbox, item),
      partBytes: room - PART_HEAD_BYTES,
      index: 0,
    };
    return nextPart();
  };

  /** Everything that counts as sent waits again. */
  const waitAll = () => {
    if (outbox.count('sent') === 0) return;
    for (const item of [...outbox.items()]) if (item.state === 'sent') wait(item);
  };

  return {
    get hasSendable() {
      return !isOnItsWay && (outbox.count('pending') > 0 || outbox.count('sent') > 0 || upload !== null);
    },
    next(maxBytes) {
      if (isOnItsWay) return null;
      if (upload && outbox.byMutation(upload.mutationId)) return nextPart();
      upload = null;
      // A request could not be given back: the disk was full.
      waitAll();
      const room = roomOf(maxBytes);
      const { items, sizeBytes } = pick(parts, room);
      const [first] = items;
      if (!first) return null;
      if (first.size + HEAD_BYTES > room) return startUpload(first, room);
      send(items);
      return {
        clientId: clientIds.ofMutation(first.mutationId),
        mutations: items.map((item) => mutationOf(outbox, item)),
        part: undefined,
        mutationIds: items.map(({ mutationId }) => mutationId),
        sizeBytes,
      };
    },
    unsend(mutationIds) {
      const ids = new Set(mutationIds);
      if (upload) ids.add(upload.mutationId);
      // The server may have lost the parts it had: from the first one again.
      upload = null;
      for (const id of ids) {
        const item = outbox.byMutation(id);
        if (item?.state === 'sent') wait(item);
      }
      // The loop may give back a part of a request before it sends the rest.
      isOnItsWay = outbox.count('sent') > 0;
    },
    answered({ settled, waiting }) {
      isOnItsWay = false;
      if (upload) {
        const isLast = (upload.index + 1) * upload.partBytes >= upload.bytes.length;
        if (isLast || settled.has(upload.mutationId)) upload = null;
        else upload.index++;
      }
      if (outbox.count('sent') === 0) return;
      for (const item of [...outbox.items()]) {
        if (item.state !== 'sent' || item.mutationId === upload?.mutationId) continue;
        wait(waiting.has(item.mutationId) ? outbox.update(item, { attempts: 0 }) : item);
      }
    },
    forget() {
      isOnItsWay = false;
      upload = null;
    },
    reset() {
      isOnItsWay = false;
      upload = null;
      waitAll();
    },
  };
}

/** Bytes for mutations in a request of this size; the rest is for its envelope. */
function roomOf(maxBytes: number): number {
  const most = Math.min(maxBytes, LIMITS.maxRequestBytes);
  return most - Math.min(LIMITS.maxRequestBytes - LIMITS.maxBatchBytes, Math.floor(most / 4));
}

/** The first pending mutations that fit, all under one clientId; a mutation too large for any request comes alone. */
function pick(
  { outbox, clientIds }: { outbox: Outbox; clientIds: ClientIds },
  room: number,
): { items: OutboxItem[]; sizeBytes: number } {
  const items: OutboxItem[] = [];
  let sizeBytes = 0;
  let clientId: string | null = null;
  for (const item of outbox.items()) {
    if (item.state !== 'pending') continue;
    clientId ??= clientIds.ofMutation(item.mutationId);
    if (clientId !== clientIds.ofMutation(item.mutationId)) break;
    const size = item.size + HEAD_BYTES;
    if (items.length > 0 && (sizeBytes + size > room || items.length >= LIMITS.maxBatchMutations)) break;
    items.push(item);
    sizeBytes += size;
  }
  return { items, sizeBytes };
}

function mutationOf(outbox: Outbox, item: OutboxItem): OutgoingPush['mutations'][number] {
  const changes = [...outbox.reader.readOnce(item.position)];
  return { mutationId: item.mutationId, hlc: item.hlc, base: item.base, changes };
}

function encodeMutation(outbox: Outbox, item: OutboxItem): Uint8Array {
  return pack(mutationOf(outbox, item));
}
