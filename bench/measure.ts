/** One measure, as a JSON line. `ratio` is value / floor: the floor is the bare part doing the same work in the same run. */
export interface Measure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly floor: number | null;
  readonly ratio: number | null;
  /** What else is worth knowing. */
  readonly note?: string;
}

export const RUN_COUNT = 5;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

export function measure(
  name: string,
  unit: string,
  runs: { readonly values: readonly number[]; readonly floors: readonly number[]; readonly note?: string },
): Measure {
  const value = median(runs.values);
  const floor = runs.floors.length === 0 ? null : median(runs.floors);
  const line = {
    name,
    value: round(value),
    unit,
    floor: floor === null ? null : round(floor),
    ratio: floor === null ? null : round(value / floor),
  };
  return runs.note === undefined ? line : { ...line, note: runs.note };
}

/** Runs both alternately, so that a slow moment of the machine hits both. */
export async function alternate(
  ours: () => Promise<number>,
  bare: () => Promise<number>,
): Promise<{ values: number[]; floors: number[] }> {
  const values: number[] = [];
  const floors: number[] = [];
  for (let run = 0; run < RUN_COUNT; run += 1) {
    floors.push(await bare());
    values.push(await ours());
  }
  return { values, floors };
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}
