import { sql, useSyncedMutation, useSyncedQuery } from 'tidemark';
import { setLabel } from './issue-actions.ts';

interface LabelChoice {
  readonly id: string;
  readonly name: string;
  readonly is_on: number;
}

/** Labels hang on issues by a table with a composite key. */
export function IssueLabels({ issueId, projectId }: { issueId: string; projectId: string }) {
  const { data: labels = [] } = useSyncedQuery(sql<LabelChoice>`
    SELECT id, name, EXISTS (SELECT 1 FROM issue_label WHERE issue_id = ${issueId} AND label_id = label.id) AS is_on
    FROM label WHERE project_id = ${projectId} ORDER BY name`);
  const set = useSyncedMutation(setLabel);
  return (
    <fieldset className="label-list">
      <legend className="hidden">Labels</legend>
      {labels.map((label) => (
        <button
          key={label.id}
          type="button"
          className="label"
          aria-pressed={label.is_on === 1}
          onClick={() => set.mutate({ issue_id: issueId, label_id: label.id, isOn: label.is_on === 0 })}
        >
          {label.name}
        </button>
      ))}
    </fieldset>
  );
}
