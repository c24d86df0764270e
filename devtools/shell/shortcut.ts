import { useEffect } from 'react';

/** The keys that open and close the panel, unless told otherwise. */
export const DEFAULT_SHORTCUT = 'Alt+Shift+S';

type KeyEvent = Pick<KeyboardEvent, 'altKey' | 'ctrlKey' | 'metaKey' | 'shiftKey' | 'key' | 'code'>;

/** Whether these keys are the shortcut. The letter goes by its place on the keyboard: with Alt, a Mac types another sign. */
export function isShortcut(event: KeyEvent, shortcut: string): boolean {
  const parts = shortcut.toLowerCase().split('+');
  const key = parts.at(-1) ?? '';
  return (
    event.altKey === parts.includes('alt') &&
    event.shiftKey === parts.includes('shift') &&
    event.ctrlKey === parts.includes('ctrl') &&
    event.metaKey === parts.includes('meta') &&
    (event.code.toLowerCase() === `key${key}` || event.key.toLowerCase() === key)
  );
}

/** Calls `run` when the shortcut is pressed anywhere in the page, before the page itself sees it. */
export function useShortcut(shortcut: string | false, run: () => void): void {
  useEffect(() => {
    if (shortcut === false) return;
    const listen = (event: KeyboardEvent) => {
      if (event.repeat || !isShortcut(event, shortcut)) return;
      event.preventDefault();
      event.stopPropagation();
      run();
    };
    window.addEventListener('keydown', listen, { capture: true });
    return () => window.removeEventListener('keydown', listen, { capture: true });
  }, [shortcut, run]);
}
