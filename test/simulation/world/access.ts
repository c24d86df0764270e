import type { AccessLists } from '../../../src/server/options.ts';

/**
 * Who may see and write what. Ana may all. Of the lists of others ben has some: `o0` for good, `o1` by turns, `o3` to read only, and
 * `o2` never, unless he is for a while somebody who may all.
 */
export const OWNERS = ['o0', 'o1', 'o2', 'o3'] as const;

/** A list of somebody's that has been deleted over its items, in some histories. */
export const ESTATE = 'estate';

const scopesOf = (...owners: readonly string[]) => ['main', ...owners.map((owner) => `owner:${owner}`)];

const OF_ALL: AccessLists = { read: '*', write: '*' };

/** What ben may, as it is changed: at first the first. */
export const BENS: readonly [AccessLists, ...AccessLists[]] = [
  { read: scopesOf('o0', 'o1', 'o3'), write: scopesOf('o0', 'o1') },
  { read: scopesOf('o0', 'o3'), write: scopesOf('o0') },
  { read: scopesOf('o0', 'o1'), write: scopesOf('o0', 'o1') },
  OF_ALL,
];

/** The access of all, now and before. */
export class AccessBook {
  readonly #now: () => number;
  readonly #callMs: number;
  readonly #bens: { readonly from: number; readonly lists: AccessLists }[] = [];

  /** `callMs`: the server asks at the beginning of a call, and takes up to so long over it. */
  constructor(now: () => number, callMs: number) {
    this.#now = now;
    this.#callMs = callMs;
    this.setBens(BENS[0]);
  }

  of(user: string): AccessLists {
    return user === 'ana' ? OF_ALL : (this.#bens.at(-1)?.lists ?? BENS[0]);
  }

  setBens(lists: AccessLists): void {
    this.#bens.push({ from: this.#now(), lists });
  }

  /** The scopes that somebody reads now; null: all. */
  readable(user: string): readonly string[] | null {
    const { read } = this.of(user);
    return read === '*' ? null : read;
  }

  /** Whether somebody might this with a scope, now or so lately that a call of then may still be running. */
  might(user: string, use: 'read' | 'write', scope: string): boolean {
    if (user === 'ana') return true;
    const since = this.#now() - this.#callMs;
    return this.#bens.some(({ lists }, index) => {
      const until = this.#bens[index + 1]?.from ?? Number.POSITIVE_INFINITY;
      return until >= since && (lists[use] === '*' || lists[use].includes(scope));
    });
  }
}
