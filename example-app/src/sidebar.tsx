import { sql, useSyncedQuery } from 'tidemark';
import type { Project } from '../schema.ts';
import type { IssueFilter } from './issue-queries.ts';

interface SidebarProps {
  readonly projects: readonly Project[];
  readonly filter: IssueFilter;
  readonly onFilter: (filter: IssueFilter) => void;
}

interface OpenCount {
  readonly project_id: string;
  readonly open_count: number;
}

export function Sidebar({ projects, filter, onFilter }: SidebarProps) {
  const { data: counts = [] } = useSyncedQuery(
    sql<OpenCount>`SELECT project_id, count(*) AS open_count FROM issue WHERE status = 'open' GROUP BY project_id`,
  );
  const { data: labels = [] } = useSyncedQuery(sql<{ name: string }>`SELECT DISTINCT name FROM label ORDER BY name`);
  const openCount = new Map(counts.map((row) => [row.project_id, row.open_count]));
  const total = counts.reduce((sum, row) => sum + row.open_count, 0);
  const choose = (projectId: string | null) => onFilter({ ...filter, projectId });
  return (
    <aside className="sidebar" aria-label="Filters">
      <h2>Projects</h2>
      <ul>
        <li>
          <SideItem label="All projects" count={total} isOn={filter.projectId === null} onChoose={() => choose(null)} />
        </li>
        {projects.map((project) => (
          <li key={project.id}>
            <SideItem
              label={project.name}
              count={openCount.get(project.id) ?? 0}
              isOn={filter.projectId === project.id}
              onChoose={() => choose(project.id)}
            />
          </li>
        ))}
      </ul>
      <h2>Labels</h2>
      <ul className="label-list">
        {labels.map(({ name }) => (
          <li key={name}>
            <button
              type="button"
              className="label"
              aria-pressed={filter.labelName === name}
              onClick={() => onFilter({ ...filter, labelName: filter.labelName === name ? null : name })}
            >
              {name}
            </button>
          </li>
        ))}
      </ul>
    </aside>
  );
}

interface SideItemProps {
  readonly label: string;
  readonly count: number;
  readonly isOn: boolean;
  readonly onChoose: () => void;
}

function SideItem({ label, count, isOn, onChoose }: SideItemProps) {
  return (
    <button type="button" className="side-item" aria-pressed={isOn} onClick={onChoose}>
      <span>{label}</span>
      <span className="count">{count}</span>
    </button>
  );
}
