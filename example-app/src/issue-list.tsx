import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, useRef } from 'react';
import { useSyncedMutation } from 'tidemark';
import { voteFor } from './issue-actions.ts';
import type { IssueLine } from './issue-queries.ts';
import { toIssue } from './router.ts';
import { RowMark } from './row-mark.tsx';
import { ago } from './time.ts';

const ROW_HEIGHT = 56;

interface IssueListProps {
  readonly issues: readonly IssueLine[];
  readonly selectedId: string | null;
}

/** Thousands of issues; only the visible ones are in the page. */
export function IssueList({ issues, selectedId }: IssueListProps) {
  const scrollRef = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: issues.length,
    getScrollElement: () => scrollRef.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 10,
    getItemKey: (index) => issues[index]?.id ?? index,
  });
  return (
    <div ref={scrollRef} className="list-scroll">
      <ul style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const issue = issues[item.index];
          if (!issue) return null;
          return (
            <li key={item.key} style={{ transform: `translateY(${item.start}px)`, height: item.size }}>
              <IssueRow issue={issue} isSelected={issue.id === selectedId} />
            </li>
          );
        })}
      </ul>
    </div>
  );
}

const comments = (count: number) => (count === 1 ? '1 comment' : `${count} comments`);

interface IssueRowProps {
  readonly issue: IssueLine;
  readonly isSelected: boolean;
}

/** Rows that did not change keep their identity, so `memo` spares them. */
const IssueRow = memo(function IssueRow({ issue, isSelected }: IssueRowProps) {
  const vote = useSyncedMutation(voteFor);
  return (
    <article className="row" data-status={issue.status} data-issue={issue.id} aria-current={isSelected || undefined}>
      <button
        type="button"
        className="vote"
        aria-label={`Vote for ${issue.title}`}
        onClick={() => vote.mutate(issue.id)}
      >
        <span aria-hidden="true">▲</span>
        {issue.votes}
      </button>
      <a className="row-main" href={toIssue(issue.id)}>
        <span className="row-title">
          <span className="priority" data-priority={issue.priority} title={`Priority ${issue.priority}`} />
          <span className="row-title-text">{issue.title}</span>
          <RowMark table="issue" rowKey={issue.id} />
        </span>
        <span className="row-meta">
          {issue.status} · {ago(issue.updated_at)}
          {issue.assignee && ` · ${issue.assignee}`}
          {issue.comment_count > 0 && ` · ${comments(issue.comment_count)}`}
        </span>
      </a>
      <span className="row-labels">
        {issue.labels?.split('\n').map((name) => (
          <span key={name} className="label">
            {name}
          </span>
        ))}
      </span>
    </article>
  );
});
