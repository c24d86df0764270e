import { type FormEvent, useEffect, useRef, useState } from 'react';
import { useSyncedMutation } from 'tidemark';
import type { Project } from '../schema.ts';
import { createIssue } from './issue-actions.ts';
import { go, toIssue } from './router.ts';

interface NewIssueDialogProps {
  readonly projects: readonly Project[];
  readonly projectId: string | null;
  readonly onClose: () => void;
}

export function NewIssueDialog({ projects, projectId, onClose }: NewIssueDialogProps) {
  const dialogRef = useRef<HTMLDialogElement>(null);
  const [id] = useState(() => crypto.randomUUID());
  const create = useSyncedMutation(createIssue, {
    onSuccess: () => {
      onClose();
      go(toIssue(id));
    },
  });
  useEffect(() => dialogRef.current?.showModal(), []);

  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    create.mutate({
      id,
      projectId: String(form.get('project')),
      title: String(form.get('title')),
      body: String(form.get('body')),
      priority: Number(form.get('priority')),
    });
  };

  return (
    <dialog ref={dialogRef} onClose={onClose} aria-labelledby="new-issue-title">
      <form onSubmit={submit}>
        <h2 id="new-issue-title">New issue</h2>
        <label>
          Title
          <input name="title" />
        </label>
        <label>
          Project
          <select name="project" defaultValue={projectId ?? projects[0]?.id}>
            {projects.map((project) => (
              <option key={project.id} value={project.id}>
                {project.name}
              </option>
            ))}
          </select>
        </label>
        <label>
          Priority
          <input name="priority" type="number" defaultValue={2} />
        </label>
        <label>
          Text
          <textarea name="body" rows={5} />
        </label>
        {create.error && (
          <p className="form-error" role="alert">
            {create.error.message}
          </p>
        )}
        <p className="hint">
          The server refuses an empty title and priorities outside 1 to 4: try it, and see the refused issue wait in the
          panel.
        </p>
        <div className="dialog-end">
          <button type="button" className="quiet" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="primary">
            Create issue
          </button>
        </div>
      </form>
    </dialog>
  );
}
