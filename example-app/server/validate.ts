import { SyncError } from 'tidemark/core';

/** What the server's `validate` hook is given for a change of an issue. */
interface IssueChange {
  readonly op: 'put' | 'patch' | 'delete';
  readonly values: Readonly<Record<string, unknown>>;
}

/** The tracker's own rules. A mutation that breaks one is rejected, and waits on its device for a person. */
export function validateIssue(change: IssueChange): void {
  const { title, priority } = change.values;
  if (typeof title === 'string' && title.trim() === '') {
    throw new SyncError('rejected', 'An issue needs a title.');
  }
  if (typeof title === 'string' && title.length > 200) {
    throw new SyncError('rejected', `A title has at most 200 characters; this one has ${title.length}.`);
  }
  if (typeof priority === 'number' && (priority < 1 || priority > 4)) {
    throw new SyncError('rejected', `A priority is 1 to 4; this one is ${priority}.`);
  }
}
