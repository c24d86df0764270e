/** What the single views need beyond that. */
export const VIEWS = /* css */ `
.card { border: 1px solid var(--line); border-radius: 8px; padding: 8px 11px; background: var(--surface); min-width: 0; }
.card h3, .card h4 { font-weight: 600; margin-bottom: 5px; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(260px, 100%), 1fr)); gap: 8px; }
.card dl { display: grid; grid-template-columns: fit-content(130px) minmax(0, 1fr); gap: 2px 12px; }
.card dl > div { grid-column: 1 / -1; display: grid; grid-template-columns: subgrid; align-items: baseline; }
.card dt { color: var(--muted); }
.card dd { overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
.card > :is(.actions, .notice) { margin-top: 8px; }
.plot { margin: 0; }
.plot-area { position: relative; margin-top: 6px; padding-top: 14px; }
.plot-top { position: absolute; inset: 0 0 auto auto; font-size: 11px; font-variant-numeric: tabular-nums; }
.plot svg { display: block; width: 100%; height: 64px; border-top: 1px dashed var(--line); }
.plot .axis { stroke: var(--line-strong); stroke-width: 1; vector-effect: non-scaling-stroke; }
svg rect { fill: var(--tone); }
svg rect[data-cut='true'] { opacity: 0.55; }
.strip { display: block; width: 100%; height: 8px; border-radius: 4px; margin-bottom: 7px; }
.spans { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 0; padding: 0; list-style: none; }
.spans li { display: flex; gap: 7px; align-items: center; }
.quota { display: flex; flex-wrap: wrap; align-items: center; gap: 2px 8px; }
.quota meter { flex: 0 1 90px; min-width: 40px; margin: 0; }
.rounds table { width: 100%; font-variant-numeric: tabular-nums; white-space: nowrap; }
.rounds th, .preview thead th { font-size: 12px; padding-bottom: 2px; }
.detail-title { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; font-weight: 600; font-size: 14px; }
.key { padding: 1px 6px; border-radius: 4px; background: var(--raised); overflow-wrap: anywhere; font-weight: 400; }
.facts-line { display: flex; flex-wrap: wrap; gap: 2px 16px; color: var(--muted); font-size: 12px; font-variant-numeric: tabular-nums; }
.facts-line b { color: var(--text); }
.change .op { color: var(--busy); }
.change[data-op='put'] .op { color: var(--ok); }
.change[data-op='delete'] .op { color: var(--bad); }
.diff { width: 100%; table-layout: fixed; }
.diff th:first-child { width: 26%; overflow-wrap: anywhere; }
.diff thead th { font-size: 12px; padding-block: 0; }
.diff tbody tr { border-top: 1px solid var(--line); }
.step { font: 600 12px var(--mono); color: var(--busy); }
.editor, form { display: flex; flex-direction: column; gap: 10px; min-width: 0; }
legend { font-weight: 600; padding: 0 4px; margin-inline-start: -4px; }
legend .muted { font-weight: 400; font-size: 12px; }
.field { display: grid; grid-template-columns: 130px 1fr; gap: 4px 10px; padding: 4px 0; align-items: start; }
.field-name { padding-top: 4px; overflow-wrap: anywhere; }
.field-name .muted { font-size: 11px; display: block; }
.choices { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 8px; }
.choice:last-child { grid-column: 1 / -1; }
.choice { display: grid; gap: 4px; align-content: start; padding: 6px 9px 8px; border: 1px solid var(--line); border-radius: 6px; background: var(--bg); min-width: 0; }
.choice.base { border-style: dashed; background: none; }
.choice[data-chosen='true'] { border-color: var(--accent); background: var(--select); box-shadow: inset 0 0 0 1px var(--accent); }
.choice-name { display: flex; align-items: center; gap: 7px; font-size: 12px; color: var(--muted); }
label.choice-name { cursor: pointer; color: var(--text); font-weight: 500; }
.preview table { width: 100%; }
.preview tbody tr { border-top: 1px solid var(--line); }
.preview th { overflow-wrap: break-word; min-width: 84px; }
.preview .origin { text-align: end; font-size: 12px; white-space: nowrap; padding-inline-end: 0; }
.preview td[data-label]::after { content: attr(data-label); display: inline-block; margin-inline-start: 6px; color: var(--muted); font-size: 11px; }
.restore { display: grid; gap: 6px; }
.restore li { display: grid; grid-template-columns: minmax(150px, 1fr) 3fr auto; gap: 4px 10px; align-items: center; }
.sides { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(240px, 100%), 1fr)); gap: 10px; }
.side tr[data-changed='true'] th { color: var(--text); font-weight: 600; }
.side[data-deleted='true'] { border: 1px dashed var(--bad); }
.deleted { color: var(--bad); font-weight: 600; padding: 8px 0; }
.summary { color: var(--muted); display: flex; flex-wrap: wrap; gap: 8px 14px; align-items: center; justify-content: space-between; }
.cursors { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(340px, 100%), 1fr)); gap: 10px; }
.cursor-head { display: flex; justify-content: space-between; gap: 10px; align-items: center; }
.scope { font-weight: 600; overflow-wrap: anywhere; }
:is(.cursor, .held, .quota) meter { -webkit-appearance: none; appearance: none; display: block; width: 100%; height: 10px; margin: 7px 0 5px; border: 0; background: none; border-radius: 999px; }
:is(.cursor, .held, .quota) meter::-webkit-meter-inner-element { display: block; position: static; height: 10px; }
:is(.cursor, .held, .quota) meter::-webkit-meter-bar { position: static; height: 10px; background: var(--raised); border: 0; border-radius: 999px; }
:is(.cursor, .held, .quota) meter::-webkit-meter-optimum-value { background: var(--busy); border-radius: 999px; }
.cursor meter[data-complete='true']::-webkit-meter-optimum-value { background: var(--ok); }
@supports not selector(::-webkit-meter-bar) { :is(.cursor, .held, .quota) meter { background: var(--raised); } }
:is(.cursor, .held, .quota) meter::-moz-meter-bar { background: var(--busy); border-radius: 999px; }
.cursor meter[data-complete='true']::-moz-meter-bar { background: var(--ok); }
.cursor-facts { display: flex; flex-wrap: wrap; gap: 2px 16px; color: var(--muted); font-size: 12px; font-variant-numeric: tabular-nums; }
.cursor-facts b { color: var(--text); }
.held ul { display: grid; gap: 5px; }
.held li { display: grid; grid-template-columns: minmax(120px, 240px) 1fr 96px 120px; gap: 2px 12px; align-items: center; }
.held meter { margin: 0; }
.held .actions button { min-height: 24px; padding-block: 1px; }
.held .follow { display: contents; }
.held .follow > .actions { justify-content: end; }
.held .follow > :not(.actions) { grid-column: 1 / -1; margin-block: 4px; }
.cursor .follow { display: grid; gap: 8px; margin-top: 8px; }
[data-followed='false'] > :is(code, .cursor-head) .scope, .held [data-followed='false'] > code { color: var(--muted); font-weight: 400; }
.held .count-words { text-align: end; }
.count-words { font-variant-numeric: tabular-nums; }
.payload { padding: 12px 14px; white-space: pre-wrap; overflow-wrap: anywhere; }
@container (max-width: 719px) {
  .held li { grid-template-columns: minmax(70px, 3fr) minmax(40px, 2fr) minmax(46px, auto) auto; }
}
@container (max-width: 479px) {
  .held li { grid-template-columns: minmax(0, 1fr) auto auto; }
  .held li meter { grid-row: 2; grid-column: 1 / -1; }
  .held li code { white-space: normal; overflow-wrap: anywhere; }
  .row-table th:first-child { width: 30%; }
  /* Five columns would be five splinters: here each value has a line of its own, beside the name of its side. */
  .past-values thead { display: none; }
  .past-values :is(tr, td, th[scope='row']) { display: block; }
  .past-values td { display: grid; grid-template-columns: 84px minmax(0, 1fr) auto; padding: 2px 0; }
  .past-values td::before { content: attr(data-side); color: var(--muted); font-size: 12px; }
  .choices { grid-template-columns: 1fr; }
  .field { grid-template-columns: 1fr; }
  .field-name .muted { display: inline; margin-inline-start: 6px; }
}
`;
