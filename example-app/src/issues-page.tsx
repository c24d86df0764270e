import { useDeferredValue, useState } from 'react';
import { sql, useSyncedQuery, useSyncStatus } from 'tidemark';
import type { Project } from '../schema.ts';
import { IssueDetail } from './issue-detail.tsx';
import { IssueList } from './issue-list.tsx';
import { type IssueFilter, issueList } from './issue-queries.ts';
import { IssueToolbar } from './issue-toolbar.tsx';
import { NewIssueDialog } from './new-issue-dialog.tsx';
import { Sidebar } from './sidebar.tsx';

const START: IssueFilter = { projectId: null, status: 'open', labelName: null, search: '', sort: 'updated' };

export function IssuesPage({ issueId }: { issueId: string | null }) {
  const [filter, setFilter] = useState(START);
  const [isCreating, setIsCreating] = useState(false);
  const search = useDeferredValue(filter.search);
  const { data: issues = [], isPending } = useSyncedQuery(issueList({ ...filter, search }), {
    // The old list stays until the new filter has its rows.
    placeholderData: (previous) => previous,
  });
  const { data: projects = [] } = useSyncedQuery(sql<Project>`SELECT * FROM project ORDER BY name`);
  const hasSynced = useSyncStatus((status) => status.hasSynced);

  return (
    <main className="issues" data-detail={issueId === null ? undefined : 'open'}>
      <Sidebar projects={projects} filter={filter} onFilter={setFilter} />
      <section className="list-pane" aria-label="Issues">
        <IssueToolbar filter={filter} onFilter={setFilter} count={issues.length} onCreate={() => setIsCreating(true)} />
        {issues.length > 0 ? (
          <IssueList issues={issues} selectedId={issueId} />
        ) : (
          <p className="empty">{isPending || !hasSynced ? 'Loading issues…' : 'No issue matches.'}</p>
        )}
      </section>
      {issueId === null ? (
        <p className="detail-pane empty">Choose an issue to read it.</p>
      ) : (
        <IssueDetail key={issueId} issueId={issueId} />
      )}
      {isCreating && (
        <NewIssueDialog projects={projects} projectId={filter.projectId} onClose={() => setIsCreating(false)} />
      )}
    </main>
  );
}
