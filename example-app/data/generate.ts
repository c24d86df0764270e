import type { TableName } from '../schema.ts';
import { between, pick, seededRandom } from './random.ts';
import { LABELS, PARTS, PROJECTS, REPLIES, SENTENCES, TROUBLES, USERS, WISHES } from './words.ts';

/** Rows of one table, in app values. */
export interface TableRows {
  readonly table: TableName;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

const START_AT = Date.UTC(2025, 0, 6, 8);
const HOUR_MS = 3_600_000;

/** The tracker's data, the same for the same seed: parents before children. */
export function generateTracker({ seed = 7, issueCount = 2_400 } = {}): TableRows[] {
  const random = seededRandom(seed);
  const labels = PROJECTS.flatMap((project) =>
    LABELS.map((name) => ({ id: `${project.id}-${name.replaceAll(' ', '-')}`, project_id: project.id, name })),
  );
  const issues = Array.from({ length: issueCount }, (_, index) => makeIssue(random, index));
  return [
    { table: 'user', rows: USERS.map(([id, login, role]) => ({ id, login, role })) },
    { table: 'project', rows: PROJECTS },
    { table: 'label', rows: labels },
    { table: 'issue', rows: issues },
    { table: 'comment', rows: issues.flatMap((issue) => makeComments(random, issue)) },
    { table: 'issue_label', rows: issues.flatMap((issue) => makeIssueLabels(random, issue)) },
  ];
}

function makeIssue(random: () => number, index: number) {
  const createdAt = START_AT + index * 6 * HOUR_MS + between(random, 0, 5 * HOUR_MS);
  const isWish = random() < 0.35;
  const part = pick(random, PARTS);
  return {
    id: `issue-${String(index + 1).padStart(5, '0')}`,
    project_id: pick(random, PROJECTS).id,
    title: `${part[0]?.toUpperCase()}${part.slice(1)} ${pick(random, isWish ? WISHES : TROUBLES)}`,
    body: paragraphs(random),
    status: random() < 0.55 ? 'open' : 'closed',
    priority: between(random, 1, 4),
    votes: Math.floor(random() ** 3 * 40),
    creator_id: pick(random, USERS)[0],
    assignee_id: random() < 0.6 ? pick(random, USERS)[0] : null,
    created_at: new Date(createdAt).toISOString(),
    updated_at: new Date(createdAt + between(random, 0, 400) * HOUR_MS).toISOString(),
  };
}

type GeneratedIssue = ReturnType<typeof makeIssue>;

function paragraphs(random: () => number): string {
  const count = between(random, 1, 3);
  return Array.from({ length: count }, () =>
    Array.from({ length: between(random, 1, 3) }, () => pick(random, SENTENCES)).join(' '),
  ).join('\n\n');
}

function makeComments(random: () => number, issue: GeneratedIssue) {
  const createdAt = Date.parse(issue.created_at);
  return Array.from({ length: Math.floor(random() ** 2 * 6) }, (_, index) => ({
    id: `${issue.id}-c${index + 1}`,
    issue_id: issue.id,
    author_id: pick(random, USERS)[0],
    body: pick(random, REPLIES),
    created_at: new Date(createdAt + (index + 1) * between(random, 1, 30) * HOUR_MS).toISOString(),
  }));
}

function makeIssueLabels(random: () => number, issue: GeneratedIssue) {
  const count = Math.floor(random() * 3);
  const names = new Set(Array.from({ length: count }, () => pick(random, LABELS)));
  return [...names].map((name) => ({
    issue_id: issue.id,
    label_id: `${issue.project_id}-${name.replaceAll(' ', '-')}`,
  }));
}
