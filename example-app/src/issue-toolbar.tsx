import type { IssueFilter, Sort } from './issue-queries.ts';

interface IssueToolbarProps {
  readonly filter: IssueFilter;
  readonly onFilter: (filter: IssueFilter) => void;
  readonly count: number;
  readonly onCreate: () => void;
}

const STATUSES = ['open', 'closed', 'all'] as const;
const SORTS: Readonly<Record<Sort, string>> = {
  updated: 'Last changed',
  created: 'Newest',
  votes: 'Most votes',
  priority: 'Most urgent',
};

export function IssueToolbar({ filter, onFilter, count, onCreate }: IssueToolbarProps) {
  return (
    <div className="toolbar">
      <input
        type="search"
        aria-label="Search issues"
        placeholder="Search titles and texts"
        value={filter.search}
        onChange={(event) => onFilter({ ...filter, search: event.target.value })}
      />
      <button type="button" className="primary" onClick={onCreate}>
        New issue
      </button>
      <fieldset className="segments">
        <legend className="hidden">Status</legend>
        {STATUSES.map((status) => (
          <button
            key={status}
            type="button"
            aria-pressed={filter.status === status}
            onClick={() => onFilter({ ...filter, status })}
          >
            {status}
          </button>
        ))}
      </fieldset>
      <select
        aria-label="Order"
        value={filter.sort}
        onChange={(event) => onFilter({ ...filter, sort: event.target.value as Sort })}
      >
        {Object.entries(SORTS).map(([sort, label]) => (
          <option key={sort} value={sort}>
            {label}
          </option>
        ))}
      </select>
      <span className="toolbar-count" data-testid="issue-count">
        {count === 1 ? '1 issue' : `${count.toLocaleString('en')} issues`}
      </span>
    </div>
  );
}
