import { useCallback, useState } from 'react';

/** What the panel remembers from one visit to the next. */
export interface Preferences {
  readonly isOpen: boolean;
  readonly height: number;
  readonly tab: string;
}

const STORAGE_KEY = 'tidemark-devtools';

/** The remembered preferences; storage that is full, forbidden or spoilt is as good as empty. */
export function readPreferences(): Partial<Preferences> {
  try {
    const parsed: unknown = JSON.parse(localStorage.getItem(STORAGE_KEY) ?? '{}');
    return checked(parsed);
  } catch {
    return {};
  }
}

function checked(parsed: unknown): Partial<Preferences> {
  if (typeof parsed !== 'object' || parsed === null) return {};
  return {
    ...('isOpen' in parsed && typeof parsed.isOpen === 'boolean' ? { isOpen: parsed.isOpen } : {}),
    ...('height' in parsed && typeof parsed.height === 'number' ? { height: parsed.height } : {}),
    ...('tab' in parsed && typeof parsed.tab === 'string' ? { tab: parsed.tab } : {}),
  };
}

function keepPreferences(changed: Partial<Preferences>): void {
  try {
    localStorage.setItem(STORAGE_KEY, JSON.stringify({ ...readPreferences(), ...changed }));
  } catch {
    // Forgetting the height of a panel hurts nobody.
  }
}

/** One remembered preference as state. */
export function usePreference<N extends keyof Preferences>(
  name: N,
  initial: Preferences[N],
): [Preferences[N], (value: Preferences[N]) => void] {
  const [value, setValue] = useState<Preferences[N]>(() => readPreferences()[name] ?? initial);
  const set = useCallback(
    (next: Preferences[N]) => {
      setValue(next);
      keepPreferences({ [name]: next });
    },
    [name],
  );
  return [value, set];
}
