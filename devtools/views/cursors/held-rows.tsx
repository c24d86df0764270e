import { useRef } from 'react';
import type { CursorInfo, ScopeInfo } from '../../../src/client/types.ts';
import { formatCount } from '../../data/words.ts';
import { FollowScope } from './follow-scope.tsx';
import { EVERY_SCOPE } from './scope-words.ts';

interface HeldRowsProps {
  readonly cursors: readonly CursorInfo[];
  readonly scopes: readonly ScopeInfo[] | null;
}

interface HeldScope extends ScopeInfo {
  readonly isFollowed: boolean;
}

/** Who follows every scope wants to know what that is, and which of it to leave out. */
export function HeldRows({ cursors, scopes }: HeldRowsProps) {
  // Between being followed again and the arrival of its rows, a scope keeps its place, and its button the focus.
  const seen = useRef(new Set<string>());
  const listed = heldScopes(cursors, scopes ?? [], seen.current);
  for (const { scope } of listed) if (scope !== null) seen.current.add(scope);
  if (listed.length === 0) return null;
  const most = Math.max(1, ...listed.map((one) => one.rowCount));
  const hasEvery = isEveryFollowed(cursors);
  return (
    <section className="card held" aria-label="Rows by scope">
      <h3>Rows by scope</h3>
      <ul>
        {listed.map(({ scope, rowCount, isFollowed }) => (
          <li key={scope} data-followed={isFollowed}>
            <code className="ellipsis">{scope ?? 'parent not here'}</code>
            <meter aria-label={`Rows in ${scope ?? 'no scope'}`} min={0} max={most} value={rowCount} />
            <span className="count-words">{isFollowed ? formatCount(rowCount) : leftOutWords(rowCount)}</span>
            {hasEvery && scope !== null && <FollowScope {...{ scope, rowCount, isFollowed }} />}
          </li>
        ))}
      </ul>
    </section>
  );
}

function leftOutWords(rowCount: number): string {
  return rowCount === 0 ? 'left out' : `${formatCount(rowCount)}, leaving`;
}

/** Whether `*` is followed: then single scopes are its exceptions, and have no card of their own. */
export function isEveryFollowed(cursors: readonly CursorInfo[]): boolean {
  return cursors.some((one) => one.scope === EVERY_SCOPE && one.isFollowed);
}

/** In the order of their names, so that nothing moves under a hand when one is left out. */
function heldScopes(
  cursors: readonly CursorInfo[],
  scopes: readonly ScopeInfo[],
  seen: ReadonlySet<string>,
): HeldScope[] {
  const own = new Set(isEveryFollowed(cursors) ? [] : cursors.map((one) => one.scope));
  const leftOut = new Set(cursors.filter((one) => !one.isFollowed).map((one) => one.scope));
  const held = scopes
    .filter(({ scope }) => scope === null || !own.has(scope))
    .map((one) => ({ ...one, isFollowed: one.scope === null || !leftOut.has(one.scope) }));
  const names = new Set(held.map(({ scope }) => scope));
  const empty = [...new Set([...leftOut, ...seen])]
    .filter((scope) => !own.has(scope) && !names.has(scope))
    .map((scope) => ({ scope, rowCount: 0, isFollowed: !leftOut.has(scope) }));
  return [...held, ...empty].sort((a, b) => (a.scope ?? '').localeCompare(b.scope ?? ''));
}
