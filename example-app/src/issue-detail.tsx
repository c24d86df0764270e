import { sql, useConflicts, useSyncedMutation, useSyncedQuery } from 'tidemark';
import type { Issue } from '../schema.ts';
import { Comments } from './comments.tsx';
import { ConflictNote } from './conflict-note.tsx';
import { EditableText } from './editable-text.tsx';
import { deleteIssue, editIssue, voteFor } from './issue-actions.ts';
import { IssueLabels } from './issue-labels.tsx';
import { go, TO_ISSUES } from './router.ts';
import { RowMark } from './row-mark.tsx';
import { ago } from './time.ts';

type ShownIssue = Issue & { readonly creator: string | null };

export function IssueDetail({ issueId }: { issueId: string }) {
  const { data, isPending } = useSyncedQuery(sql<ShownIssue>`
    SELECT issue.*, user.login AS creator FROM issue LEFT JOIN user ON user.id = issue.creator_id
    WHERE issue.id = ${issueId}`);
  const issue = data?.[0];
  if (!issue) return <p className="detail-pane empty">{isPending ? 'Loading…' : 'This issue is gone.'}</p>;
  return <ShowIssue issue={issue} />;
}

function ShowIssue({ issue }: { issue: ShownIssue }) {
  const edit = useSyncedMutation(editIssue);
  const vote = useSyncedMutation(voteFor);
  const { conflicts } = useConflicts({ table: 'issue' });
  const conflict = conflicts.find((one) => one.key.id === issue.id);
  return (
    <section className="detail-pane" aria-label="Issue">
      <div className="detail-top">
        <a className="back" href={TO_ISSUES}>
          ← All issues
        </a>
        <RowMark table="issue" rowKey={issue.id} />
        <DeleteButton issue={issue} />
      </div>
      {conflict && <ConflictNote conflict={conflict} />}
      <EditableText
        className="title-input"
        label="Title"
        value={issue.title}
        onSave={(title) => edit.mutate({ id: issue.id, title })}
      />
      <p className="detail-meta">
        Opened {ago(issue.created_at)} by {issue.creator ?? 'somebody'} · changed {ago(issue.updated_at)}
      </p>
      <div className="detail-fields">
        <label>
          Status
          <select value={issue.status} onChange={(event) => edit.mutate({ id: issue.id, status: event.target.value })}>
            <option value="open">open</option>
            <option value="closed">closed</option>
          </select>
        </label>
        <label>
          Priority
          <select
            value={issue.priority}
            onChange={(event) => edit.mutate({ id: issue.id, priority: Number(event.target.value) })}
          >
            <option value={1}>1 · urgent</option>
            <option value={2}>2 · high</option>
            <option value={3}>3 · normal</option>
            <option value={4}>4 · some day</option>
          </select>
        </label>
        <button type="button" className="vote wide" onClick={() => vote.mutate(issue.id)}>
          <span aria-hidden="true">▲</span> {issue.votes} votes
        </button>
      </div>
      <IssueLabels issueId={issue.id} projectId={issue.project_id} />
      <EditableText
        className="body-input"
        label="Text"
        value={issue.body}
        isMultiline
        onSave={(body) => edit.mutate({ id: issue.id, body })}
      />
      <Comments issueId={issue.id} />
    </section>
  );
}

function DeleteButton({ issue }: { issue: Issue }) {
  const remove = useSyncedMutation(deleteIssue, { onSuccess: () => go(TO_ISSUES) });
  const ask = () => {
    if (window.confirm(`Delete “${issue.title}” with its comments?`)) remove.mutate(issue.id);
  };
  return (
    <button type="button" className="quiet danger" onClick={ask}>
      Delete
    </button>
  );
}
