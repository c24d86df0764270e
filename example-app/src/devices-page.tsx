import { useEffect, useState } from 'react';
import { type Sync, SyncProvider, sql, useSyncedMutation, useSyncedQuery, useSyncStatus } from 'tidemark';
import { SyncDevtoolsPanel } from 'tidemark/devtools';
import type { Issue, Schema } from '../schema.ts';
import { createDevice } from './device.ts';
import { EditableText } from './editable-text.tsx';
import { editIssue, voteFor } from './issue-actions.ts';
import { OfflineSwitch } from './offline-switch.tsx';
import { RowMark } from './row-mark.tsx';
import { StatusBadge } from './status-badge.tsx';

/** Two devices on one page, each with a local database of its own: sync, offline work and a conflict at one glance. */
export function DevicesPage() {
  return (
    <main className="devices">
      <p className="devices-hint">
        Two devices, two databases. Take one offline, retitle the same issue on both, come back: the title waits for you
        as a conflict below. Votes are a counter and add up. Status and priority merge by themselves.
      </p>
      <div className="devices-pair">
        <Device name="device-a" title="Device A" />
        <Device name="device-b" title="Device B" />
      </div>
    </main>
  );
}

function Device({ name, title }: { name: string; title: string }) {
  const sync = useDevice(name, title);
  return (
    <section className="device" aria-label={title} data-device={name}>
      {sync && (
        <SyncProvider sync={sync} fallback={<p className="empty">Opening {title}…</p>}>
          <header className="device-head">
            <h2>{title}</h2>
            <StatusBadge />
            <OfflineSwitch />
          </header>
          <DeviceIssues />
          <div className="device-panel">
            <SyncDevtoolsPanel />
          </div>
        </SyncProvider>
      )}
    </section>
  );
}

/** A device lives as long as the page shows it. */
function useDevice(name: string, title: string): Sync<Schema> | null {
  const [sync, setSync] = useState<Sync<Schema> | null>(null);
  useEffect(() => {
    const opened = createDevice(name, title);
    setSync(opened);
    return () => {
      setSync(null);
      void opened.close();
    };
  }, [name, title]);
  return sync;
}

function DeviceIssues() {
  const { data: issues = [] } = useSyncedQuery(
    sql<Issue>`SELECT * FROM issue WHERE status = 'open' ORDER BY created_at DESC, id LIMIT 6`,
  );
  const hasSynced = useSyncStatus((status) => status.hasSynced);
  if (issues.length === 0) return <p className="empty">{hasSynced ? 'No open issues.' : 'Loading issues…'}</p>;
  return (
    <ul className="device-issues">
      {issues.map((issue) => (
        <DeviceIssue key={issue.id} issue={issue} />
      ))}
    </ul>
  );
}

function DeviceIssue({ issue }: { issue: Issue }) {
  const edit = useSyncedMutation(editIssue);
  const vote = useSyncedMutation(voteFor);
  return (
    <li data-issue={issue.id}>
      <EditableText
        label={`Title of ${issue.id}`}
        value={issue.title}
        onSave={(title) => edit.mutate({ id: issue.id, title })}
      />
      <RowMark table="issue" rowKey={issue.id} />
      <select
        aria-label={`Priority of ${issue.id}`}
        value={issue.priority}
        onChange={(event) => edit.mutate({ id: issue.id, priority: Number(event.target.value) })}
      >
        {[1, 2, 3, 4].map((priority) => (
          <option key={priority}>{priority}</option>
        ))}
      </select>
      <button type="button" className="vote" aria-label={`Vote for ${issue.id}`} onClick={() => vote.mutate(issue.id)}>
        <span aria-hidden="true">▲</span>
        {issue.votes}
      </button>
    </li>
  );
}
