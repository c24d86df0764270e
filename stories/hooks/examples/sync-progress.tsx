import { useSyncProgress } from 'tidemark';

export function Progress() {
  const progress = useSyncProgress();
  if (!progress) return <p>Nothing under way.</p>;
  return (
    <label>
      {progress.step} <progress max={progress.total ?? undefined} value={progress.done} />
    </label>
  );
}
