import { type SqlQuery, sql } from 'tidemark';

export type Sort = 'updated' | 'created' | 'votes' | 'priority';

export interface IssueFilter {
  readonly projectId: string | null;
  readonly status: 'open' | 'closed' | 'all';
  readonly labelName: string | null;
  readonly search: string;
  readonly sort: Sort;
}

/** A line of the list. */
export interface IssueLine {
  readonly id: string;
  readonly title: string;
  readonly status: string;
  readonly priority: number;
  readonly votes: number;
  readonly updated_at: string;
  readonly assignee: string | null;
  readonly comment_count: number;
  /** Names with a line feed between them, or null. */
  readonly labels: string | null;
}

const ORDER: Readonly<Record<Sort, SqlQuery>> = {
  updated: sql`issue.updated_at DESC, issue.id`,
  created: sql`issue.created_at DESC, issue.id`,
  votes: sql`issue.votes DESC, issue.updated_at DESC, issue.id`,
  priority: sql`issue.priority, issue.updated_at DESC, issue.id`,
};

export function issueList(filter: IssueFilter): SqlQuery<IssueLine> {
  return sql<IssueLine>`
    SELECT issue.id, issue.title, issue.status, issue.priority, issue.votes, issue.updated_at,
      (SELECT login FROM user WHERE user.id = issue.assignee_id) AS assignee,
      (SELECT count(*) FROM comment WHERE comment.issue_id = issue.id) AS comment_count,
      (SELECT group_concat(label.name, char(10)) FROM issue_label JOIN label ON label.id = issue_label.label_id
        WHERE issue_label.issue_id = issue.id) AS labels
    FROM issue
    WHERE ${sql.join(conditions(filter), ' AND ')}
    ORDER BY ${ORDER[filter.sort]}`;
}

function conditions({ projectId, status, labelName, search }: IssueFilter): SqlQuery[] {
  const terms = searchTerms(search);
  return [
    sql`true`,
    ...(projectId === null ? [] : [sql`issue.project_id = ${projectId}`]),
    ...(status === 'all' ? [] : [sql`issue.status = ${status}`]),
    ...(labelName === null
      ? []
      : [
          sql`issue.id IN (SELECT issue_id FROM issue_label JOIN label ON label.id = label_id WHERE label.name = ${labelName})`,
        ]),
    ...(terms === '' ? [] : [sql`issue.rowid IN (SELECT rowid FROM issue_search WHERE issue_search MATCH ${terms})`]),
  ];
}

/** What a person typed, as an FTS5 query: every word, the last one as a prefix. Quoted, so that no input is a syntax error. */
function searchTerms(text: string): string {
  const words = text.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word));
  return words.map((word) => `"${word.replaceAll('"', '""')}"*`).join(' ');
}
