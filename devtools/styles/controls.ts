/** Buttons, fields, badges, notices. */
export const CONTROLS = /* css */ `
.actions { display: flex; flex-wrap: wrap; align-items: center; gap: 6px; }
.actions.footer { position: sticky; bottom: 0; padding: 8px 0; background: var(--bg); border-top: 1px solid var(--line); }
.actions button, .toolbar button, .back {
  padding: 3px 10px; min-height: 26px; border: 1px solid var(--line-strong); border-radius: 6px; background: var(--bg); color: var(--text);
  font: 500 12px/1.3 var(--font); cursor: pointer;
}
.actions button:hover:enabled, .toolbar button:hover:enabled, .back:hover { background: var(--hover); }
.actions button:disabled, .toolbar button:disabled { color: var(--muted); border-color: var(--line); cursor: default; }
.actions button.primary:enabled { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
.actions button.primary:hover:enabled { filter: brightness(1.1); }
.actions button.danger:enabled { color: var(--bad); border-color: var(--bad); }
.actions button[aria-pressed='true'], :is(.actions, .toolbar) button[data-active='true'] { background: var(--select); border-color: var(--accent); }
.actions button.icon { border-color: transparent; padding: 4px 5px; display: inline-grid; place-items: center; min-width: 26px; color: var(--muted); }
.actions button.icon:hover, .actions button.icon[aria-pressed='true'] { color: var(--text); }
.segments { display: flex; }
:is(.toolbar, .actions) .segments button { border-radius: 0; margin-inline-start: -1px; font-variant-numeric: tabular-nums; }
:is(.toolbar, .actions) .segments button:first-child { border-radius: 6px 0 0 6px; margin: 0; }
:is(.toolbar, .actions) .segments button:last-child { border-radius: 0 6px 6px 0; }
:is(.toolbar, .actions) .segments button[aria-pressed='true'] { background: var(--select); border-color: var(--accent); position: relative; }
input:not([type='radio']):not([type='checkbox']), select, textarea {
  padding: 3px 8px; min-height: 26px; border: 1px solid var(--line-strong); border-radius: 6px; background: var(--bg); color: var(--text);
  font: 12px/1.4 var(--font); min-width: 0;
}
textarea, .typed input:not([type='checkbox']) { font-family: var(--mono); font-size: 12px; width: 100%; }
textarea { resize: vertical; display: block; field-sizing: content; max-height: 16em; }
::placeholder { color: var(--muted); opacity: 1; }
:disabled { opacity: 1; }
input:disabled, textarea:disabled, select:disabled { background: var(--raised) !important; color: var(--muted) !important; }
input[aria-invalid='true'], textarea[aria-invalid='true'] { border-color: var(--bad) !important; }
input[type='radio'], input[type='checkbox'] { accent-color: var(--accent); margin: 0; width: 15px; height: 15px; flex: none; }
.typed { display: grid; gap: 4px; min-width: 0; }
.null-box { display: inline-flex; align-items: center; min-height: 26px; gap: 6px; font: 12px var(--mono); color: var(--muted); }
.problem { color: var(--bad); font-size: 12px; overflow-wrap: anywhere; }
.badge { display: inline-block; padding: 1px 7px; border-radius: 999px; background: var(--tone-bg); color: var(--tone); font: 500 11px/1.45 var(--font); white-space: nowrap; }
.notice { padding: 6px 10px; border-radius: 6px; background: var(--tone-bg); color: var(--text); border-inline-start: 3px solid var(--tone); overflow-wrap: anywhere; }
.notice strong { color: var(--tone); }
.notice .actions { margin-top: 6px; }
.notice pre { white-space: pre-wrap; margin-top: 4px; }
.confirm { border: 1px solid var(--bad); border-radius: 8px; padding: 11px 13px; display: grid; gap: 9px; background: var(--surface); }
.confirm h4 { font-weight: 600; }
.toolbar .confirm { flex-basis: 100%; }
.toolbar .confirm select { max-width: 100%; }
.empty .actions { justify-content: center; }
.padded:empty { display: none; }
.inline-field { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; }
.confirm-body { display: grid; gap: 8px; min-width: 0; }
.work { flex-basis: 100%; display: flex; flex-wrap: wrap; align-items: center; gap: 4px 10px; }
.work progress { flex: 1 1 140px; width: auto; }
progress { width: 100%; height: 8px; accent-color: var(--accent); }
`;
