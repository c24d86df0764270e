import type { DockPlace } from '../shell/preferences.ts';

/** Where the panel stands, and what moves it. */
export interface DockControl {
  readonly place: DockPlace;
  readonly onPlace: (place: DockPlace) => void;
}

const PLACES: readonly { readonly place: DockPlace; readonly label: string; readonly fill: string }[] = [
  { place: 'left', label: 'Dock to the left', fill: 'M2 3h4v10H2z' },
  { place: 'bottom', label: 'Dock to the bottom', fill: 'M2 9h12v4H2z' },
  { place: 'right', label: 'Dock to the right', fill: 'M10 3h4v10h-4z' },
  { place: 'window', label: 'Open in its own window', fill: 'M7 3h7v6H7z' },
];

/** One button for each place. */
export function PlaceButtons({ place, onPlace }: DockControl) {
  return (
    <fieldset className="places" aria-label="Place of the panel">
      {PLACES.map((one) => (
        <button
          key={one.place}
          type="button"
          className="icon"
          aria-label={one.label}
          title={one.label}
          aria-pressed={one.place === place}
          onClick={() => onPlace(one.place)}
        >
          <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
            <path d="M1.5 2.5h13v11h-13z" fill="none" stroke="currentColor" />
            <path d={one.fill} fill="currentColor" />
          </svg>
        </button>
      ))}
    </fieldset>
  );
}
