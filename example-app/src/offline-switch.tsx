import { useSync, useSyncStatus } from 'tidemark';

const REASON = 'offline switch';

/** Cuts this device off the server, and lets it back. Everything else goes on working. */
export function OfflineSwitch() {
  const sync = useSync();
  const isOffline = useSyncStatus((status) => status.pausedBy.includes(REASON));
  const toggle = () => (isOffline ? sync.resume(REASON) : sync.pause(REASON));
  return (
    <button type="button" role="switch" className="switch" aria-checked={isOffline} onClick={toggle}>
      <span className="switch-track" aria-hidden="true" />
      Work offline
    </button>
  );
}
