import type { SyncRound } from '../../../src/client/types.ts';
import { clockWords } from '../../data/time.ts';
import { countWords, formatBytes } from '../../data/words.ts';
import { Badge } from '../../ui/badge.tsx';
import { msWords, toneOfRound } from './plots.tsx';

const SHOWN = 12;

/** The last rounds of sync, newest first. */
export function Rounds({ rounds, now }: { readonly rounds: readonly SyncRound[]; readonly now: number }) {
  if (rounds.length === 0) return null;
  const newest = [...rounds].sort((a, b) => b.startedAt - a.startedAt).slice(0, SHOWN);
  return (
    <section className="card rounds" aria-label="Last rounds">
      <h3>Last rounds</h3>
      <div className="scroll-x">
        <table>
          <thead>
            <tr>
              <th scope="col">When</th>
              <th scope="col">Why</th>
              <th scope="col">Sent</th>
              <th scope="col">Received</th>
              <th scope="col">Took</th>
              <th scope="col">Outcome</th>
            </tr>
          </thead>
          <tbody>
            {newest.map((round) => (
              <tr key={round.startedAt}>
                <td>{clockWords(round.startedAt, now)}</td>
                <td>{round.trigger}</td>
                <td>
                  {countWords(round.pushedCount, 'mutation')}
                  {round.sentBytes > 0 && `, ${formatBytes(round.sentBytes)}`}
                </td>
                <td>{countWords(round.pulledChangeCount, 'change')}</td>
                <td>{msWords(round.durationMs)}</td>
                <td>
                  <Badge tone={toneOfRound(round)}>{round.error ? round.error.kind : round.outcome}</Badge>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
