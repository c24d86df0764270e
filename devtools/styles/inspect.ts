/** Tables, SQL, queries, frames, the lab, devices and bundles. */
export const INSPECT = /* css */ `
.data, .queries, .events { display: flex; flex-direction: column; height: 100%; min-height: 0; }
.data > .master-detail, .queries > .master-detail, .events > .master-detail { flex: 1; height: auto; min-height: 0; }
.data > .master-detail { grid-template-columns: minmax(0, 11fr) minmax(280px, 9fr); }
.events .toolbar select { max-width: 112px; }
.data .toolbar select { max-width: 220px; }
.check { display: inline-flex; align-items: center; gap: 6px; }
.toolbar .check { white-space: nowrap; }
.grid { flex: 1; min-height: 0; overflow: auto; }
.grid:focus-visible { outline-offset: -2px; }
.grid-head { display: flex; position: sticky; top: 0; z-index: 1; min-width: 100%; background: var(--surface); border-bottom: 1px solid var(--line); }
.grid-head .grid-cell { font-weight: 600; font-size: 12px; padding-block: 5px; }
.grid-head .muted { font-weight: 400; font-size: 11px; }
.grid-row { position: absolute; inset: 0 auto auto 0; min-width: 100%; display: flex; border-bottom: 1px solid var(--line); }
.grid-row:hover { background: var(--surface); }
.grid-row[aria-selected='true'] { background: var(--select); box-shadow: inset 3px 0 var(--accent); }
.grid-cell { flex: none; display: flex; align-items: center; gap: 5px; padding: 0 9px; overflow: hidden; white-space: nowrap; cursor: default; }
.grid-cell[data-number='true'] { justify-content: flex-end; font-variant-numeric: tabular-nums; }
.grid:focus-visible .grid-cell[data-active='true'] { outline: 2px solid var(--accent); outline-offset: -2px; }
.grid-foot { padding: 5px 12px; border-top: 1px solid var(--line); font-size: 12px; }
.cell-value { overflow: hidden; text-overflow: ellipsis; font-family: var(--mono); font-size: 12px; unicode-bidi: plaintext; }
.cell-value.hollow { color: var(--muted); font-style: italic; }
.cell-value[data-mark='changed'] { color: var(--busy); font-weight: 600; }
.cell-value[data-mark='deleted'] { color: var(--bad); text-decoration: line-through; }
.row-table { width: 100%; table-layout: fixed; }
.row-table th:first-child { width: 24%; overflow-wrap: anywhere; }
.row-table th .muted { font-size: 11px; font-weight: 400; }
.row-table thead th { font-size: 12px; padding-block: 0; }
.row-table tbody tr { border-top: 1px solid var(--line); }
.row-table tr[data-changed='true'] th { color: var(--text); font-weight: 600; }
.value-line { display: flex; align-items: baseline; justify-content: space-between; gap: 8px; min-width: 0; }
.value-line .value { min-width: 0; }
.row-table .value-line { align-items: flex-start; }
.row-table .value-line .link { margin-block: -4px; }
.card dd .value-line { justify-content: flex-start; }
.card dd .link { min-height: 24px; }
button.link { white-space: nowrap; border: 0; background: none; padding: 2px 4px; min-height: 24px; color: var(--accent); font: 500 12px/1.3 var(--font); cursor: pointer; border-radius: 4px; }
button.link:hover { text-decoration: underline; }
.sql { display: flex; flex-direction: column; height: 100%; min-height: 0; }
.sql-input textarea { min-height: 64px; }
.sql-input { display: grid; gap: 8px; padding: 8px 10px 10px; border-bottom: 1px solid var(--line); background: var(--surface); }
.sql-input > .actions { gap: 6px; }
.plan { gap: 6px; }
.plan li { display: flex; flex-wrap: wrap; gap: 4px 8px; align-items: baseline; }
.direction { font-weight: 700; color: var(--ok); }
.direction[data-direction='sent'] { color: var(--busy); }
.json summary { cursor: pointer; padding: 2px 0; min-height: 24px; }
.json-body { padding-inline-start: 16px; border-inline-start: 1px solid var(--line); margin-inline-start: 4px; }
.json-leaf { padding: 1px 0; }
.json-name { font: 12px var(--mono); color: var(--accent); }
.lab-banner, .bundle-banner { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: 4px 12px; padding: 4px 12px; background: var(--warn-bg); border-block: 1px solid var(--warn); flex: none; }
.bundle-banner { background: var(--busy-bg); border-color: var(--busy); }
.lab-banner p, .bundle-banner p { flex: 1 1 180px; min-width: 0; overflow-wrap: anywhere; font-size: 12px; }
.lab-banner strong { color: var(--warn); }
.lab-banner .actions button, .bundle-banner .actions button { min-height: 24px; padding: 2px 9px; }
.lab .cards { grid-template-columns: repeat(auto-fit, minmax(min(210px, 100%), 1fr)); }
fieldset.lab-card { border: 1px solid var(--line); padding: 6px 12px 11px; display: flex; flex-direction: column; gap: 7px; }
.lab-card legend { padding: 0 4px; }
.lab-card .actions { margin-top: auto; }
.lab-card[data-on='true'] { border-color: var(--warn); background: var(--warn-bg); }
.devices { display: grid; gap: 10px; }
.device { display: grid; grid-template-columns: minmax(0, 1fr); gap: 7px; }
.device[data-revoked='true'] strong { text-decoration: line-through; color: var(--muted); }
.device-head { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; }
.device code { overflow-wrap: anywhere; }
.card > p + *, .card > h3 + * + *, .card > label + * { margin-top: 8px; }
.code { padding: 9px 11px; border: 1px solid var(--line); border-radius: 6px; background: var(--surface); white-space: pre-wrap; overflow-wrap: anywhere; max-height: 15em; overflow-y: auto; }
.queries > .master-detail { grid-template-columns: minmax(0, 2fr) minmax(300px, 1fr); }
.grid-row[data-mark='flash-even'] { animation: flash-even 1.2s ease-out; }
.grid-row[data-mark='flash-odd'] { animation: flash-odd 1.2s ease-out; }
@keyframes flash-even { from { background: var(--ok-bg); } }
@keyframes flash-odd { from { background: var(--ok-bg); } }
.cards + .card p, .card > p { max-width: 76ch; }
@container (max-width: 719px) {
  .data > .master-detail, .queries > .master-detail { grid-template-columns: minmax(0, 1fr); }
}
`;
