import { familyOf } from '../core/client-family.ts';
import type { DevicesRequest, DevicesResponse } from '../protocol/messages/devices.ts';
import { SyncError } from '../shared/error.ts';
import type { Runtime } from '../shared/runtime.ts';
import type { DeviceRecord } from './records.ts';
import type { Identity } from './service.ts';
import type { SharedReads } from './shared-reads.ts';
import type { ServerStorage, StorageWriter } from './storage.ts';

export interface DevicesOptions {
  readonly storage: ServerStorage;
  readonly sharedReads: SharedReads;
  readonly runtime: Runtime;
}

/** What a request says of the device that it comes from. */
export interface Caller {
  readonly clientId: string;
  /** Whose the data on it is, where the device says so. */
  readonly owner?: string | undefined;
}

/** Which local databases belong to whom. A device is known from its first request on. */
export class Devices {
  readonly #storage: ServerStorage;
  readonly #sharedReads: SharedReads;
  readonly #runtime: Runtime;

  constructor({ storage, sharedReads, runtime }: DevicesOptions) {
    this.#storage = storage;
    this.#sharedReads = sharedReads;
    this.#runtime = runtime;
  }

  /**
   * Lets a device pass, and gets to know a new one. The device itself says whose it is too: a server that was set back knows nothing of
   * it, and whoever is signed in there meanwhile would become its owner.
   *
   * @throws SyncError `forbidden` when it was revoked or belongs to somebody else.
   */
  async admit(identity: Identity, { clientId, owner: claimed }: Caller): Promise<void> {
    if (claimed !== undefined && claimed !== identity.id) throw foreign();
    const { known, root } = await this.#find(clientId);
    const owner = known ?? root;
    if (owner) checkOwner(owner, identity);
    if (!known) await this.seen(identity, { clientId });
  }

  /**
   * Notes that a device was here, under this name. The device of somebody else is not noted and not refused: the caller learns who
   * they are taken for, and that is how a device finds out that another person has signed in. Everything else of it is refused.
   *
   * @throws SyncError `forbidden` when it was revoked.
   */
  async greet(identity: Identity, device: Caller & { readonly deviceName?: string | undefined }): Promise<void> {
    if (device.owner !== undefined && device.owner !== identity.id) return;
    const { known, root } = await this.#find(device.clientId);
    const owner = known ?? root;
    if (owner === null || owner.subject === identity.id) await this.seen(identity, device);
  }

  /**
   * A device, and the one whose copy it is: an id that a copy gave itself begins with the id they shared. It belongs to the same
   * person, whoever is signed in when it is first heard of.
   */
  #find(clientId: string): Promise<{ known: DeviceRecord | null; root: DeviceRecord | null }> {
    const root = familyOf(clientId);
    return this.#sharedReads.read(async (reader) => {
      const [known, found] = await Promise.all([clientId, root].map((id) => reader.device(id)));
      return { known: known ?? null, root: root === clientId ? null : (found ?? null) };
    });
  }

  /** Notes that a device of the caller was here, under this name. */
  async seen(identity: Identity, device: { clientId: string; deviceName?: string | undefined }): Promise<void> {
    const now = this.#runtime.now();
    await this.#storage.write(async (writer) => {
      const known = await writer.device(device.clientId);
      if (known) checkOwner(known, identity);
      await writer.saveDevice({
        clientId: device.clientId,
        subject: identity.id,
        name: known?.name ?? device.deviceName ?? null,
        firstSeenAt: known?.firstSeenAt ?? now,
        lastSeenAt: now,
        isRevoked: false,
      });
    });
  }

  /** Renames or revokes, then lists the caller's devices. */
  async manage(identity: Identity, request: DevicesRequest): Promise<DevicesResponse> {
    const { clientId, rename, revoke } = request;
    if (rename) await this.#change(identity, { clientId, change: { name: rename.name } });
    if (revoke) await this.#change(identity, { clientId: revoke.deviceId, change: { isRevoked: true } });
    const devices = await this.#storage.read((reader) => reader.devices(identity.id));
    return {
      devices: devices.map((device) => ({
        deviceId: device.clientId,
        name: device.name,
        firstSeenAt: device.firstSeenAt,
        lastSeenAt: device.lastSeenAt,
        revoked: device.isRevoked,
      })),
    };
  }

  async #change(
    identity: Identity,
    { clientId, change }: { clientId: string; change: Partial<Pick<DeviceRecord, 'name' | 'isRevoked'>> },
  ): Promise<void> {
    await this.#storage.write(async (writer) => {
      const device = await ownDevice(writer, identity, clientId);
      await writer.saveDevice({ ...device, ...change });
      if (change.isRevoked) await writer.signal?.({ kind: 'revoked', clientId });
    });
  }
}

async function ownDevice(writer: StorageWriter, identity: Identity, clientId: string): Promise<DeviceRecord> {
  const device = await writer.device(clientId);
  // Somebody else's device is as unknown as none.
  if (device?.subject === identity.id) return device;
  throw new SyncError('not-found', `You have no device ${JSON.stringify(clientId)}.`);
}

function foreign(): SyncError {
  return new SyncError('forbidden', 'This local database belongs to somebody else: sign in as its owner, or wipe it.');
}

function checkOwner(device: DeviceRecord, identity: Identity): void {
  if (device.subject !== identity.id) throw foreign();
  if (device.isRevoked) {
    throw new SyncError('forbidden', 'This device has been revoked. Its unsent work stays on it.', {
      details: { revoked: true },
    });
  }
}
