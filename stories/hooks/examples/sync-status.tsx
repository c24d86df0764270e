import { useSyncStatus } from 'tidemark';

export function StatusBadge() {
  const { phase, pendingCount } = useSyncStatus(({ phase, pendingCount }) => ({ phase, pendingCount }));
  return (
    <p role="status">
      {phase}, {pendingCount} waiting
    </p>
  );
}
