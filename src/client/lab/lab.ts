import { SyncError } from '../../shared/error.ts';
import type { Runtime } from '../../shared/runtime.ts';
import { type LabConditions, MAX_CLOCK_SKEW_MS, NO_LAB_CONDITIONS } from '../inspection.ts';

/** A channel that the lab can break. */
export interface Breakable {
  breakOff(): void;
}

/**
 * The conditions under which this engine syncs, as somebody set them to see what happens. Who carries them out asks here;
 * with none set, nobody's way is any longer than one comparison.
 */
export class Lab {
  readonly #base: Runtime;
  readonly #onChanged = new Set<(before: LabConditions) => void>();
  readonly #channels = new Set<Breakable>();
  #conditions = NO_LAB_CONDITIONS;
  /** The session that set them. */
  #owner: string | null = null;

  constructor(runtime: Runtime) {
    this.#base = runtime;
  }

  get conditions(): LabConditions {
    return this.#conditions;
  }

  /** What the state tells: null while everything is as it is. */
  get shown(): LabConditions | null {
    return this.#conditions === NO_LAB_CONDITIONS ? null : this.#conditions;
  }

  /** The runtime, with its clock ahead or behind. */
  runtime(): Runtime {
    return { ...this.#base, now: () => this.#base.now() + this.#conditions.clockSkewMs };
  }

  /** Sets these, leaving the others as they are. They last until `owner` leaves, at the longest. */
  set(given: Partial<LabConditions>, owner: string): void {
    const next = { ...this.#conditions, ...checked(given) };
    this.#owner = owner;
    this.#become(isNothing(next) ? NO_LAB_CONDITIONS : next);
  }

  /** A session has ended: what it set ends with it. */
  left(owner: string): void {
    if (this.#owner === owner) this.#become(NO_LAB_CONDITIONS);
  }

  /** Hears what the conditions were before each change. */
  onChanged(listener: (before: LabConditions) => void): () => void {
    this.#onChanged.add(listener);
    return () => this.#onChanged.delete(listener);
  }

  /** Keeps an open channel, to break it when a condition wants that. */
  opened(channel: Breakable): () => void {
    this.#channels.add(channel);
    return () => this.#channels.delete(channel);
  }

  /** Whether this message is lost. */
  loses(): boolean {
    return this.#conditions.lossRate > 0 && this.#base.random() < this.#conditions.lossRate;
  }

  /** Whether the token of this request is refused. `once` is used up by asking. */
  refusesToken(): boolean {
    const { refuseToken } = this.#conditions;
    if (refuseToken === 'once') this.#become({ ...this.#conditions, refuseToken: 'never' });
    return refuseToken !== 'never';
  }

  /** The armed condition has happened. */
  used(name: 'rejectNext' | 'conflictNext'): void {
    this.#become({ ...this.#conditions, [name]: false });
  }

  #become(next: LabConditions): void {
    const before = this.#conditions;
    this.#conditions = isNothing(next) ? NO_LAB_CONDITIONS : next;
    if (this.#conditions === NO_LAB_CONDITIONS) this.#owner = null;
    const isCutOff = next.offline && !before.offline;
    const isSignedOut = next.refuseToken !== 'never' && next.refuseToken !== before.refuseToken;
    if (isCutOff || isSignedOut) for (const channel of [...this.#channels]) channel.breakOff();
    for (const listener of [...this.#onChanged]) listener(before);
  }
}

function isNothing(conditions: LabConditions): boolean {
  const names = Object.keys(NO_LAB_CONDITIONS) as (keyof LabConditions)[];
  return names.every((name) => conditions[name] === NO_LAB_CONDITIONS[name]);
}

const RANGES = {
  latencyMs: [0, 60_000],
  lossRate: [0, 1],
  clockSkewMs: [-MAX_CLOCK_SKEW_MS, MAX_CLOCK_SKEW_MS],
} as const;

function checked(given: Partial<LabConditions>): Partial<LabConditions> {
  for (const [name, [least, most]] of Object.entries(RANGES)) {
    const value = given[name as keyof typeof RANGES];
    if (value === undefined || (value >= least && value <= most)) continue;
    throw new SyncError('misuse', `lab.${name} must lie between ${least} and ${most}; received ${value}.`);
  }
  const unknown = Object.keys(given).filter((name) => !Object.hasOwn(NO_LAB_CONDITIONS, name));
  if (unknown.length > 0) throw new SyncError('misuse', `The lab has no condition ${unknown.join(', ')}.`);
  return given;
}
