import { useSyncStatus } from 'tidemark';

/** Renders when the count changes, and only then. */
export function WaitingCount() {
  const waiting = useSyncStatus((status) => status.pendingCount);
  return <p role="status">{waiting === 0 ? 'Nothing waits.' : `${waiting} to send`}</p>;
}
