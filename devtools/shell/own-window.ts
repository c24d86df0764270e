import { standsIn } from '../data/sight.ts';

const FEATURES = 'popup,width=1100,height=700';

/**
 * Opens the panel's own window, or brings the open one to the front. Only while a person's click or key is being handled:
 * browsers allow it no other time. Null when they do not.
 */
export function openOwnWindow(): Window | null {
  // Named by this page: two apps of one origin keep theirs apart.
  const opened = window.open('', `tidemark-devtools-${WINDOW_ID}`, FEATURES);
  if (!opened) return null;
  opened.focus();
  return opened;
}

const WINDOW_ID = Math.random().toString(36).slice(2);

interface OwnWindowEvents {
  readonly onGone: () => void;
  /** It was loaded anew: it is there, and has nothing in it any more. */
  readonly onEmptied: () => void;
}

/** Tells what becomes of the window, and closes it when this page goes: it could not live without. */
export function watchOwnWindow(opened: Window, { onGone, onEmptied }: OwnWindowEvents): () => void {
  const { document: filled } = opened;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = (triesLeft: number) => {
    if (opened.closed) return onGone();
    if (opened.document !== filled) return onEmptied();
    // The event comes before what it tells of, and sometimes nothing follows.
    if (triesLeft > 0) timer = setTimeout(look, LOOK_MS, triesLeft - 1);
  };
  const onPageHide = () => {
    clearTimeout(timer);
    timer = setTimeout(look, 0, LOOKS);
  };
  const close = () => opened.close();
  const leave = standsIn(filled);
  opened.addEventListener('pagehide', onPageHide);
  window.addEventListener('pagehide', close);
  return () => {
    leave();
    clearTimeout(timer);
    opened.removeEventListener('pagehide', onPageHide);
    window.removeEventListener('pagehide', close);
  };
}

const LOOK_MS = 50;
const LOOKS = 100;
