import { sql, type WriteTransaction } from 'tidemark';
import type { Issue, Schema } from '../schema.ts';

type Tx = WriteTransaction<Schema>;

/** Who writes on this device. The example has no sign-in. */
export const ME = 'u-mara';

const now = () => new Date().toISOString();

/** Votes are a counter: two devices that vote at once add up. */
export const voteFor = (tx: Tx, issueId: string) =>
  tx.run(sql`UPDATE issue SET votes = votes + 1 WHERE id = ${issueId}`);

export const editIssue = (tx: Tx, { id, ...values }: Pick<Issue, 'id'> & Partial<Issue>) =>
  tx.update('issue', id, { ...values, updated_at: now() });

export interface NewIssue {
  readonly id: string;
  readonly projectId: string;
  readonly title: string;
  readonly body: string;
  readonly priority: number;
}

export const createIssue = (tx: Tx, issue: NewIssue) =>
  tx.insert('issue', {
    id: issue.id,
    project_id: issue.projectId,
    title: issue.title,
    body: issue.body,
    priority: issue.priority,
    creator_id: ME,
    created_at: now(),
    updated_at: now(),
  });

/** One transaction: the issue and all that hangs on it go together, here and everywhere. */
export async function deleteIssue(tx: Tx, issueId: string): Promise<void> {
  await tx.run(sql`DELETE FROM issue_label WHERE issue_id = ${issueId}`);
  await tx.run(sql`DELETE FROM comment WHERE issue_id = ${issueId}`);
  await tx.delete('issue', issueId);
}

export async function addComment(tx: Tx, { issueId, body }: { issueId: string; body: string }): Promise<void> {
  await tx.insert('comment', { id: crypto.randomUUID(), issue_id: issueId, author_id: ME, body, created_at: now() });
  await tx.update('issue', issueId, { updated_at: now() });
}

export async function setLabel(
  tx: Tx,
  { isOn, ...row }: { issue_id: string; label_id: string; isOn: boolean },
): Promise<void> {
  if (isOn) await tx.insert('issue_label', row);
  else await tx.delete('issue_label', row);
}
