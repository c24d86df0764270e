import { standsIn } from '../data/sight.ts';

const FEATURES = 'popup,width=1100,height=700';

/**
 * Opens the panel's own window, or brings the open one to the front. Only while a person's click or key is being handled:
 * browsers allow it no other time. Null when they do not.
 */
export function openOwnWindow(title: string): Window | null {
  // Named by this page: two apps of one origin keep theirs apart.
  const opened = window.open('', `tidemark-devtools-${WINDOW_ID}`, FEATURES);
  if (!opened) return null;
  opened.document.title = title;
  opened.focus();
  return opened;
}

const WINDOW_ID = Math.random().toString(36).slice(2);

/** Calls back once when the window is gone, and closes it when this page goes: it could not live without. */
export function watchOwnWindow(opened: Window, onGone: () => void): () => void {
  const gone = () => {
    // The event also comes when about:blank is replaced by itself: what counts is whether the window is there afterwards.
    setTimeout(() => opened.closed && onGone());
  };
  const close = () => opened.close();
  const leave = standsIn(opened.document);
  opened.addEventListener('pagehide', gone);
  window.addEventListener('pagehide', close);
  return () => {
    leave();
    opened.removeEventListener('pagehide', gone);
    window.removeEventListener('pagehide', close);
  };
}
