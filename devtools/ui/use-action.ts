import { useCallback, useRef, useState } from 'react';

export interface Action {
  readonly isRunning: boolean;
  /** What the last one ended with; null when it went well. */
  readonly error: string | null;
  /** Runs it; resolves with whether it went well. While one runs, another is not started: that one did not go well. */
  readonly run: (act: () => Promise<unknown>) => Promise<boolean>;
  /** The last error is of no interest any more. */
  readonly forget: () => void;
}

/** Runs what a button does, and keeps the error for the person who pressed it. */
export function useAction(): Action {
  const [state, setState] = useState<{ isRunning: boolean; error: string | null }>({ isRunning: false, error: null });
  const isBusy = useRef(false);
  const run = useCallback(async (act: () => Promise<unknown>) => {
    if (isBusy.current) return false;
    isBusy.current = true;
    setState({ isRunning: true, error: null });
    try {
      await act();
      setState({ isRunning: false, error: null });
      return true;
    } catch (error) {
      setState({ isRunning: false, error: error instanceof Error ? error.message : String(error) });
      return false;
    } finally {
      isBusy.current = false;
    }
  }, []);
  const forget = useCallback(
    () => setState((before) => (before.error === null ? before : { ...before, error: null })),
    [],
  );
  return { ...state, run, forget };
}
