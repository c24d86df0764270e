import { useCallback, useSyncExternalStore } from 'react';
import { Emitter } from '../../src/shared/emitter.ts';

/** Where the panel stands: at an edge of the page, or in a window of its own. */
export type DockPlace = 'bottom' | 'left' | 'right' | 'window';

/** `system`: as the device has it. */
export type Theme = 'system' | 'light' | 'dark';

/** What the panel remembers from one visit to the next. */
export interface Preferences {
  readonly isOpen: boolean;
  readonly dock: DockPlace;
  /** At the lower edge. */
  readonly height: number;
  /** At the left or right edge. */
  readonly width: number;
  readonly theme: Theme;
  readonly tab: string;
}

const STORAGE_KEY = 'tidemark-devtools';
const PLACES: readonly DockPlace[] = ['bottom', 'left', 'right', 'window'];
const THEMES: readonly Theme[] = ['system', 'light', 'dark'];

/** How each one is read from what was stored; anything else is as good as nothing. */
const READERS: { readonly [N in keyof Preferences]: (value: unknown) => Preferences[N] | undefined } = {
  isOpen: (value) => (typeof value === 'boolean' ? value : undefined),
  dock: (value) => PLACES.find((place) => place === value),
  height: asSize,
  width: asSize,
  theme: (value) => THEMES.find((theme) => theme === value),
  tab: (value) => (typeof value === 'string' ? value : undefined),
};

function asSize(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

const changed = new Emitter<void>();

/** What was changed since this page was loaded: what counts when the storage is full or forbidden. */
let sinceLoad: Partial<Preferences> = {};
let storedBefore: string | null | undefined;

/** The remembered preferences; storage that is full, forbidden or spoilt is as good as empty. */
function stored(): Readonly<Record<string, unknown>> {
  try {
    const text = localStorage.getItem(STORAGE_KEY);
    // Somebody else has written: another tab, or a test that starts anew.
    if (text !== storedBefore) sinceLoad = {};
    storedBefore = text;
    const parsed: unknown = JSON.parse(text ?? '{}');
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {};
  } catch {
    return {};
  }
}

function read<N extends keyof Preferences>(name: N): Preferences[N] | undefined {
  const value = stored()[name];
  return sinceLoad[name] ?? READERS[name](value);
}

function keep(preference: Partial<Preferences>): void {
  const before = stored();
  sinceLoad = { ...sinceLoad, ...preference };
  try {
    storedBefore = JSON.stringify({ ...before, ...preference });
    localStorage.setItem(STORAGE_KEY, storedBefore);
  } catch {
    // Forgetting the height of a panel hurts nobody.
  }
  changed.emit();
}

/** One remembered preference as state, the same wherever it is shown. */
export function usePreference<N extends keyof Preferences>(
  name: N,
  initial: Preferences[N],
): [Preferences[N], (value: Preferences[N]) => void] {
  const get = () => read(name) ?? initial;
  const value = useSyncExternalStore(subscribe, get, get);
  const set = useCallback((next: Preferences[N]) => keep({ [name]: next }), [name]);
  return [value, set];
}

function subscribe(listener: () => void): () => void {
  return changed.subscribe(listener);
}
