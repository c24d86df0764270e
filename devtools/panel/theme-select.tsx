import { type Theme, usePreference } from '../shell/preferences.ts';

const THEMES: readonly Theme[] = ['system', 'light', 'dark'];

/** The colours of the panel. */
export function ThemeSelect({ initial }: { readonly initial: Theme }) {
  const [theme, setTheme] = usePreference('theme', initial);
  return (
    <select
      className="theme"
      aria-label="Colours of the panel"
      title="Colours"
      value={theme}
      onChange={(event) => setTheme(THEMES.find((one) => one === event.target.value) ?? 'system')}
    >
      {THEMES.map((one) => (
        <option key={one}>{one}</option>
      ))}
    </select>
  );
}
