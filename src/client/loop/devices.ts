import type { DevicesRequest } from '../../protocol/messages/devices.ts';
import type { LocalStore } from '../local-store.ts';
import type { DeviceInfo } from '../types.ts';
import { ownerOf } from './handshake.ts';
import type { Line } from './line.ts';
import type { SyncLoop } from './sync-loop.ts';

/** The device list, asked for over the line. `line` throws where no request may be made. */
export function createDevices(store: LocalStore, line: () => Line): SyncLoop['devices'] {
  const ask = async (request: Omit<DevicesRequest, 'clientId'>, signal?: AbortSignal): Promise<DeviceInfo[]> => {
    const { clientId } = store;
    const never = new AbortController().signal;
    const { devices } = await line().devices({ clientId, ...ownerOf(store), ...request }, signal ?? never);
    return devices.map((device) => ({ ...device, isThisDevice: device.deviceId === clientId }));
  };
  return {
    list: (signal) => ask({}, signal),
    rename: async (name, signal) => void (await ask({ rename: { name } }, signal)),
    revoke: async (deviceId, signal) => void (await ask({ revoke: { deviceId } }, signal)),
  };
}
