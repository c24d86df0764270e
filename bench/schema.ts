import { defineSchema, t, table } from 'tidemark/core';

/** The table that is measured: an issue with four indexes, as in a real tracker. */
export const benchSchema = defineSchema({
  version: 1,
  tables: {
    issue: table(
      {
        id: t.text(),
        project_id: t.text(),
        title: t.text(),
        body: t.text(),
        status: t.text(),
        priority: t.integer(),
        votes: t.counter(),
        created_at: t.timestamp(),
        updated_at: t.timestamp(),
      },
      {
        indexes: [
          ['project_id', 'status', 'updated_at'],
          ['status', 'updated_at'],
          ['priority', 'updated_at'],
          ['created_at'],
        ],
      },
    ),
  },
});

export const ISSUE_COLUMNS = Object.keys(benchSchema.tables.issue.columns);

const DAY_MS = 86_400_000;

/** Issue number `index`, always the same. */
export function makeIssue(index: number) {
  const mixed = Math.imul(index + 1, 2_654_435_761) >>> 0;
  return {
    id: `issue-${String(index).padStart(8, '0')}`,
    project_id: `project-${mixed % 10}`,
    title: `Issue ${index}: the ${mixed % 97}th gauge drifts by ${mixed % 31} centimetres`,
    body: 'Seen twice this week, both times shortly before low water. The paper table had it right. '.repeat(2),
    status: mixed % 3 === 0 ? 'closed' : 'open',
    priority: mixed % 5,
    votes: mixed % 40,
    created_at: new Date(Date.UTC(2025, 0, 1) + (mixed % 365) * DAY_MS + index).toISOString(),
    updated_at: new Date(Date.UTC(2026, 0, 1) + (mixed % 300) * DAY_MS + index).toISOString(),
  };
}

export const makeIssues = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => makeIssue(from + index));

/** The list that is kept live: filtered, sorted, limited. */
export const topList = (limit: number, project?: string): string =>
  `SELECT id, title, status, priority, votes, updated_at FROM issue WHERE status = 'open'${
    project ? ` AND project_id = '${project}'` : ''
  } ORDER BY updated_at DESC LIMIT ${limit}`;
