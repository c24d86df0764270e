import { useEffect, useId, useState } from 'react';
import type { DeviceInfo } from '../../../src/client/types.ts';
import { useInspected, useInspectedSync } from '../../data/inspected.ts';
import { ageWords, clockWords, useNow } from '../../data/time.ts';
import { countWords } from '../../data/words.ts';
import { Badge } from '../../ui/badge.tsx';
import { Confirm } from '../../ui/confirm.tsx';
import { Empty } from '../../ui/empty.tsx';
import { LiveOnly } from '../../ui/live-only.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { type Action, useAction } from '../../ui/use-action.ts';
import { RenameDevice } from './rename-device.tsx';

/** The devices of this person, as the server knows them. */
export function Devices() {
  const sync = useInspectedSync();
  const devices = useInspected((state) => state.devices);
  const isLocal = useInspected((state) => state.status.phase === 'local');
  const isOpening = useInspected((state) => state.status.phase === 'starting');
  const loading = useAction();
  const { run } = loading;
  useEffect(() => {
    if (!isLocal && !isOpening) void run(() => sync.devices.list());
  }, [sync, isLocal, isOpening, run]);
  if (isLocal) return <Empty title="No server, no devices">This app keeps its data on this device only.</Empty>;
  if (isOpening && devices.length === 0) {
    return <Empty title="The database is opening">The server is asked as soon as it is open.</Empty>;
  }
  const newest = [...devices].sort(
    (a, b) => Number(b.isThisDevice) - Number(a.isThisDevice) || b.lastSeenAt - a.lastSeenAt,
  );
  return (
    <div className="padded">
      <div className="actions">
        <span className="summary" role="status">
          {loading.isRunning ? 'Asking the server…' : devices.length > 0 && countWords(devices.length, 'device')}
        </span>
        <span className="spring" />
        <LiveOnly>
          <button type="button" disabled={loading.isRunning} onClick={() => run(() => sync.devices.list())}>
            Ask again
          </button>
        </LiveOnly>
      </div>
      <ErrorNotice error={loading.error && `The server could not be asked: ${loading.error}`} />
      {newest.length > 0 && (
        <ul className="devices" aria-label="Devices">
          {newest.map((device) => (
            <Device key={device.deviceId} device={device} />
          ))}
        </ul>
      )}
    </div>
  );
}

function Device({ device }: { readonly device: DeviceInfo }) {
  const now = useNow();
  const [isAsking, setAsking] = useState(false);
  const [isRenaming, setRenaming] = useState(false);
  const action = useAction();
  const id = useId();
  const { deviceId, name, firstSeenAt, lastSeenAt, revoked, isThisDevice } = device;
  return (
    <li className="card device" data-revoked={revoked}>
      <div className="device-head">
        <strong className="ellipsis">{name ?? 'Unnamed device'}</strong>
        {isThisDevice && <Badge tone="ok">this one</Badge>}
        {revoked && <Badge tone="bad">revoked</Badge>}
        <span className="spring" />
        <LiveOnly>
          <span className="actions">
            {isThisDevice && !isRenaming && (
              <button type="button" onClick={() => setRenaming(true)}>
                Rename
              </button>
            )}
            {!revoked && !isAsking && (
              <button
                type="button"
                className="danger"
                aria-label={`Revoke ${name ?? deviceId}`}
                // Several may have the same name.
                aria-describedby={id}
                onClick={() => setAsking(true)}
              >
                Revoke…
              </button>
            )}
          </span>
        </LiveOnly>
      </div>
      <p className="facts-line">
        <span>
          last seen <b>{ageWords(lastSeenAt, now) === 'now' ? 'now' : `${ageWords(lastSeenAt, now)} ago`}</b>
        </span>
        <span>
          first seen <b>{clockWords(firstSeenAt, now)}</b>
        </span>
        <code id={id}>{deviceId}</code>
      </p>
      {isRenaming && <RenameDevice name={name ?? ''} onDone={() => setRenaming(false)} />}
      {isAsking && <Revoke device={device} action={action} onDone={() => setAsking(false)} />}
    </li>
  );
}

interface RevokeProps {
  readonly device: DeviceInfo;
  readonly action: Action;
  readonly onDone: () => void;
}

function Revoke({ device, action, onDone }: RevokeProps) {
  const sync = useInspectedSync();
  const revoke = async () => {
    if (await action.run(() => sync.devices.revoke(device.deviceId))) onDone();
  };
  return (
    <Confirm
      title={`Revoke ${device.name ?? 'the unnamed device'}?`}
      action="Revoke it"
      isRunning={action.isRunning}
      onConfirm={revoke}
      onCancel={onDone}
    >
      <p>
        {device.isThisDevice
          ? 'This device can no longer sync. What has not been sent stays here and goes nowhere.'
          : 'That device can no longer sync: what it has not sent yet stays there.'}
      </p>
      <ErrorNotice error={action.error} />
    </Confirm>
  );
}
