import { type Theme, usePreference } from '../shell/preferences.ts';

const THEMES: readonly Theme[] = ['system', 'light', 'dark'];

/** What stands for it in the disc of the icon: half, empty or full. */
const FILLS: Readonly<Record<Theme, string>> = {
  system: 'M8 2a6 6 0 0 0 0 12z',
  light: '',
  dark: 'M8 2a6 6 0 0 0 0 12 6 6 0 0 0 0-12z',
};

/** The colours of the panel: as the device has them, light or dark. */
export function ThemeButton({ initial }: { readonly initial: Theme }) {
  const [theme, setTheme] = usePreference('theme', initial);
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'system';
  return (
    <button
      type="button"
      className="icon theme"
      aria-label={`Colours: ${theme}`}
      title={`Colours: ${theme}. Next: ${next}`}
      onClick={() => setTheme(next)}
    >
      <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
        <circle cx="8" cy="8" r="5.5" fill="none" stroke="currentColor" />
        <path d={FILLS[theme]} fill="currentColor" />
      </svg>
    </button>
  );
}
