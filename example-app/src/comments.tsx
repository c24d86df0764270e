import { type FormEvent, useState } from 'react';
import { sql, useSyncedMutation, useSyncedQuery } from 'tidemark';
import type { Comment } from '../schema.ts';
import { addComment } from './issue-actions.ts';
import { RowMark } from './row-mark.tsx';
import { ago } from './time.ts';

type ShownComment = Comment & { readonly author: string | null };

export function Comments({ issueId }: { issueId: string }) {
  const { data: comments = [] } = useSyncedQuery(sql<ShownComment>`
    SELECT comment.*, user.login AS author FROM comment LEFT JOIN user ON user.id = comment.author_id
    WHERE issue_id = ${issueId} ORDER BY comment.created_at, comment.id`);
  return (
    <section className="comments" aria-label="Comments">
      <h3>{comments.length === 0 ? 'No comments yet' : `Comments (${comments.length})`}</h3>
      <ol>
        {comments.map((comment) => (
          <li key={comment.id}>
            <p className="comment-head">
              <strong>{comment.author ?? 'somebody'}</strong> {ago(comment.created_at)}
              <RowMark table="comment" rowKey={comment.id} />
            </p>
            <p className="comment-body">{comment.body}</p>
          </li>
        ))}
      </ol>
      <CommentForm issueId={issueId} />
    </section>
  );
}

function CommentForm({ issueId }: { issueId: string }) {
  const [body, setBody] = useState('');
  const add = useSyncedMutation(addComment, { onSuccess: () => setBody('') });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (body.trim() !== '') add.mutate({ issueId, body });
  };
  return (
    <form className="comment-form" onSubmit={submit}>
      <textarea
        aria-label="New comment"
        placeholder="Say something; it is kept even without a network"
        rows={3}
        value={body}
        onChange={(event) => setBody(event.target.value)}
      />
      <button type="submit" className="primary" disabled={body.trim() === ''}>
        Comment
      </button>
    </form>
  );
}
