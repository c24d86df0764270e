/** What a device asks for on behalf of its person: its own few colours, or less motion. */
export const ADAPTED = /* css */ `
/* Backgrounds and shadows go, and what they tell with them: what is chosen gets the colours that the device has for that. */
@media (forced-colors: active) {
  .dot, .badge, .plot svg, .strip { forced-color-adjust: none; }
  .tabs [role='tab'][aria-selected='false'] { border-bottom-color: Canvas; }
  :is([role='tab'][aria-selected='true'], button:is([aria-pressed='true'], [data-active='true'])) { forced-color-adjust: none; background: Highlight !important; color: HighlightText !important; }
  [aria-selected='true'] > .tab-count { background: none; color: inherit; }
  :is([role='option'], .grid-row)[aria-selected='true'], .choice[data-chosen='true'] { outline: 2px solid Highlight; outline-offset: -2px; }
  .resize:focus-visible { outline: 2px solid Highlight; }
}
@media (prefers-reduced-motion: reduce) { .grid-row { animation-timing-function: step-end !important; } }
`;
