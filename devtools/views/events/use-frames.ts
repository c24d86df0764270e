import { useEffect, useState } from 'react';
import type { WireFrame } from '../../../src/client/inspection.ts';
import { useInspectedSync } from '../../data/inspected.ts';

const POLL_MS = 500;
const MOST_FRAMES = 1_000;

export interface Frames {
  readonly frames: readonly WireFrame[];
  readonly error: string | null;
}

/** The messages that have passed since this is shown. Asking for them is what has them recorded. */
export function useFrames(): Frames {
  const sync = useInspectedSync();
  const [state, setState] = useState<Frames>({ frames: [], error: null });
  useEffect(() => {
    let isMounted = true;
    let timer: ReturnType<typeof setTimeout>;
    let recordingId = '';
    let lastId = 0;
    const poll = async () => {
      try {
        let answer = await sync.inspect.frames(lastId);
        // Another tab leads now, or the recording began anew: its frames are counted from 1.
        if (answer.recordingId !== recordingId && lastId > 0) answer = await sync.inspect.frames(0);
        if (!isMounted) return;
        lastId = answer.frames.at(-1)?.frameId ?? (answer.recordingId === recordingId ? lastId : 0);
        recordingId = answer.recordingId;
        const { frames } = answer;
        setState((before) => withFrames(before, frames));
      } catch (error) {
        if (!isMounted) return;
        const message = error instanceof Error ? error.message : String(error);
        setState((before) => ({ ...before, error: message }));
      }
      timer = setTimeout(poll, POLL_MS);
    };
    void poll();
    return () => {
      isMounted = false;
      clearTimeout(timer);
    };
  }, [sync]);
  return state;
}

/** The same one when nothing is new: a quiet line renders nothing. */
function withFrames(before: Frames, frames: readonly WireFrame[]): Frames {
  if (frames.length === 0) return before.error === null ? before : { ...before, error: null };
  return { frames: [...before.frames, ...frames].slice(-MOST_FRAMES), error: null };
}
