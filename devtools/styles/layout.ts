/** The button, the dock, and the frame of the panel. */
export const LAYOUT = /* css */ `
.float {
  position: fixed; z-index: 2147483000; display: flex; align-items: center; gap: 8px; padding: 7px 12px;
  font: 600 12px/1 var(--font); color: var(--text); background: var(--bg); border: 1px solid var(--line-strong);
  border-radius: 999px; box-shadow: var(--shadow); cursor: pointer;
}
.float:hover { background: var(--hover); }
.float.bottom-right { right: 14px; bottom: 14px; }
.float.bottom-left { left: 14px; bottom: 14px; }
.float.top-right { right: 14px; top: 14px; }
.float.top-left { left: 14px; top: 14px; }
.float .count { padding: 2px 6px; border-radius: 999px; background: var(--busy-bg); color: var(--busy); font-variant-numeric: tabular-nums; }
.float .count.warn { background: var(--warn-bg); color: var(--warn); }
.dock { position: fixed; z-index: 2147483000; background: var(--bg); box-shadow: var(--shadow); }
.dock[data-edge='bottom'] { inset: auto 0 0 0; max-height: calc(100vh - 40px); border-top: 1px solid var(--line-strong); }
.dock[data-edge='left'] { inset: 0 auto 0 0; max-width: 100vw; border-inline-end: 1px solid var(--line-strong); }
.dock[data-edge='right'] { inset: 0 0 0 auto; max-width: 100vw; border-inline-start: 1px solid var(--line-strong); }
.resize { position: absolute; touch-action: none; z-index: 1; }
.dock[data-edge='bottom'] .resize { inset: -5px 0 auto 0; height: 9px; cursor: ns-resize; background-size: 100% 3px; }
.dock[data-edge='left'] .resize { inset: 0 -5px 0 auto; width: 9px; cursor: ew-resize; background-size: 3px 100%; }
.dock[data-edge='right'] .resize { inset: 0 auto 0 -5px; width: 9px; cursor: ew-resize; background-size: 3px 100%; }
.resize:hover, .resize:focus-visible { outline: none; background-image: linear-gradient(var(--accent), var(--accent)); background-position: center; background-repeat: no-repeat; }
.failed { position: fixed; inset: auto 14px 14px auto; z-index: 2147483000; max-width: min(480px, calc(100vw - 28px)); display: grid; gap: 8px; padding: 12px 14px; background: var(--bg); border: 1px solid var(--bad); border-radius: 8px; box-shadow: var(--shadow); }
.failed strong { color: var(--bad); }
.failed pre { white-space: pre-wrap; overflow-wrap: anywhere; }
:host([data-tidemark-devtools='panel']) .failed { position: static; }
.places { display: flex; }
.panel { display: flex; flex-direction: column; height: 100%; background: var(--bg); container-type: size; overflow: hidden; }
:host([data-tidemark-devtools='panel']) .panel { min-height: 240px; }
.header { display: flex; flex-wrap: wrap; align-items: center; gap: 5px 12px; padding: 7px 12px 5px; flex: none; }
.header .notice { flex-basis: 100%; }
.brand { display: flex; align-items: center; gap: 7px; margin: 0; color: var(--accent); }
.brand-name { color: var(--text); font: 650 13px/1.3 var(--font); letter-spacing: -0.01em; }
.brand rect { fill: currentColor; }
.wave { fill: none; stroke: var(--bg); stroke-width: 1.5; stroke-linecap: round; }
.wave.far { stroke-opacity: 0.6; }
.status { display: flex; align-items: baseline; gap: 8px; flex: 1 1 0; min-width: 0; }
.status .dot { width: 9px; height: 9px; }
.status strong { color: var(--tone); margin-inline-end: 9px; }
.status .details { color: var(--muted); font-size: 12px; }
.header .actions { gap: 6px; }
.frame-buttons { margin-inline-start: auto; }
.header .actions.frame-buttons, .places { gap: 2px; }
.header .compact { display: inline-flex; align-items: center; gap: 5px; }
.tabs { display: flex; flex-wrap: wrap; gap: 0 1px; padding: 0 4px; border-bottom: 1px solid var(--line); flex: none; }
.tabs [role='tab'] {
  display: flex; align-items: center; gap: 5px; padding: 5px 9px 6px; border: 0; border-radius: 6px 6px 0 0; background: none;
  color: var(--muted); font: 500 12.5px/1.3 var(--font); cursor: pointer; border-bottom: 2px solid transparent; margin-bottom: -1px; white-space: nowrap;
}
.tabs [role='tab']:hover { color: var(--text); background: var(--surface); }
.tabs [role='tab'][aria-selected='true'] { color: var(--text); border-bottom-color: var(--accent); }
.tabs [role='tab']:focus-visible { outline-offset: -3px; }
.tab-count { padding: 0 6px; border-radius: 999px; background: var(--raised); color: var(--text); font-size: 11px; font-variant-numeric: tabular-nums; }
.view { flex: 1; min-height: 0; overflow: auto; }
.empty { display: grid; place-content: center; justify-items: center; gap: 4px; padding: 36px 20px; color: var(--muted); text-align: center; min-height: 120px; }
.empty-title { color: var(--text); font-weight: 600; }
.master-detail { display: grid; grid-template: auto minmax(0, 1fr) / minmax(300px, 2fr) minmax(0, 3fr); height: 100%; }
.master-bar { grid-column: 1 / -1; min-width: 0; }
.master-detail[data-even='true'] { grid-template-columns: minmax(300px, 1fr) minmax(0, 1fr); }
.master { display: flex; flex-direction: column; min-width: 0; min-height: 0; border-inline-end: 1px solid var(--line); }
.detail { overflow: auto; min-width: 0; }
/* The buttons that stay at its lower edge cover nothing that the keyboard comes to. */
.detail:has(.footer) { scroll-padding-bottom: 56px; }
.hint { padding: 16px 12px; color: var(--muted); }
.back { display: none; }
.toolbar { display: flex; flex-wrap: wrap; align-items: center; gap: 5px 6px; padding: 6px 10px; border-bottom: 1px solid var(--line); background: var(--surface); font-size: 12px; }
.toolbar input[type='search'] { flex: 1 1 104px; min-width: 0; max-width: 320px; }
.toolbar select { flex: 0 1 auto; max-width: 130px; }
.toolbar .group { margin-inline-start: auto; display: flex; flex-wrap: wrap; gap: 6px 8px; align-items: center; }
.view:focus-visible, .detail:focus-visible { outline-offset: -2px; }
.toolbar .notice { flex-basis: 100%; }
/* Sized from outside, and asking for the height of all its rows: so a list of two rows takes no more than these. */
.list { flex: 1; min-height: 0; overflow: auto; contain: strict; contain-intrinsic-height: var(--content-height); }
.list:focus-visible { outline-offset: -2px; }
.list-row {
  position: absolute; inset: 0 0 auto 0; display: flex; align-items: center; gap: 10px; padding: 0 12px;
  border-bottom: 1px solid var(--line); cursor: pointer;
}
.list-row:hover { background: var(--surface); }
:is(.list-row, .grid-row)[aria-selected='true'] .badge { background: var(--bg); }
.list-row[aria-selected='true'] { background: var(--select); box-shadow: inset 3px 0 var(--accent); }
.row-id { color: var(--muted); min-width: 40px; }
.row-main { display: grid; flex: 1; min-width: 0; }
.row-main .muted { font-size: 12px; }
.row-side { display: grid; justify-items: end; flex: none; font-size: 12px; gap: 1px; }
/* Status and buttons share a line where there is room for both. */
@container (max-width: 899px) {
  .status { order: 1; flex-basis: 100%; }
  .header .notice { order: 2; }
}
@container (max-width: 599px) {
  .header .label { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
  .header .actions .compact { padding-inline: 6px; }
  .header { column-gap: 8px; }
  .header .actions { gap: 4px; }
}
@container (max-width: 479px) {
  /* The buttons at the lower edge take several lines. */
  .detail:has(.footer) { scroll-padding-bottom: 104px; }
}
@container (max-width: 719px) {
  .master-detail, .master-detail[data-even='true'] { grid-template-columns: minmax(0, 1fr); }
  .master { border-inline-end: 0; }
  .master-detail[data-has-detail='false'] .detail { display: none; }
  .tabs [role='tab'] { padding: 4px 7px 5px; font-size: 12px; }
}
/* At the side of a page there is room below the list, and one sees both. */
@container (max-width: 719px) and (min-height: 600px) {
  .master-detail[data-has-detail='true'] { grid-template-rows: auto fit-content(40%) minmax(0, 1fr); }
  .master-detail[data-has-detail='true'] .detail { border-top: 1px solid var(--line-strong); }
}
@container (max-width: 719px) and (max-height: 599.98px) {
  .master-detail[data-has-detail='true'] :is(.master, .master-bar) { display: none; }
  .back { display: inline-flex; margin: 10px 14px 0; }
}
`;
