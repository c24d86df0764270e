import { useSyncEvents } from 'tidemark';

export function EventLog() {
  return (
    <ol aria-label="Events">
      {useSyncEvents().map((event, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: events have no id, and do not move
        <li key={index}>{event.type}</li>
      ))}
    </ol>
  );
}
