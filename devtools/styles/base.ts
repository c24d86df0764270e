/** The colours by day and by night: every text has the contrast of WCAG AA on all it stands on, and a test holds it. */
export const LIGHT = /* css */ `
  color-scheme: light;
  --bg: #ffffff; --surface: #f5f7f9; --raised: #e9edf2; --hover: #e2e8ef;
  --line: #d3dae2; --line-strong: #8b97a5;
  --text: #17212b; --muted: #55616e; --accent: #0a6c82; --on-accent: #ffffff; --select: #dcf0f4;
  --ok: #146c37; --busy: #1a56b8; --warn: #8a5200; --bad: #b3241c; --idle: #55616e;
  --ok-bg: #def3e5; --busy-bg: #e1ecfb; --warn-bg: #fdeed2; --bad-bg: #fde6e4; --idle-bg: #e9edf2;
  --shadow: 0 2px 14px rgb(15 30 45 / 0.22);
`;

export const DARK = /* css */ `
  color-scheme: dark;
  --bg: #0e141b; --surface: #151d26; --raised: #1f2933; --hover: #273340;
  --line: #2b3743; --line-strong: #6b7a8a;
  --text: #e7edf3; --muted: #9dabb9; --accent: #57c7da; --on-accent: #06222a; --select: #123540;
  --ok: #5fd38a; --busy: #7db4ff; --warn: #f5bb4a; --bad: #ff8f86; --idle: #9dabb9;
  --ok-bg: #12301f; --busy-bg: #14294a; --warn-bg: #38290b; --bad-bg: #421a18; --idle-bg: #1f2933;
  --shadow: 0 2px 18px rgb(0 0 0 / 0.6);
`;

/**
 * Type, colours, and the few things every part shares. Lengths are in px: the app's font size has no say here.
 * The app's rules reach the host, and beat ours there unless ours are important; what is inherited from it ends at the root.
 */
export const BASE = /* css */ `
:host { all: initial !important; direction: ltr !important; }
:host([data-tidemark-devtools='panel']) { display: block !important; width: 100% !important; height: 100% !important; min-height: 240px !important; }
:host([data-tidemark-devtools='window']) { display: block !important; position: fixed !important; inset: 0 !important; }
.root {
  all: initial; display: block; direction: ltr; height: 100%;
  --font: system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif;
  --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', monospace;
  ${LIGHT}
}
@media (prefers-color-scheme: dark) { .root { ${DARK} } }
:host([data-theme='light']) .root { ${LIGHT} }
:host([data-theme='dark']) .root { ${DARK} }
.root { font: 13px/1.45 var(--font); color: var(--text); text-align: start; }
:host([data-tidemark-devtools='window']) .root { background: var(--bg); }
:host([data-tidemark-devtools='floating']) .root { height: auto; }
*, *::before, *::after { box-sizing: border-box; }
h2, h3, h4, p, dl, dd, ul, fieldset, table, pre { margin: 0; padding: 0; font-size: inherit; font-weight: inherit; border: 0; }
ul { list-style: none; }
code, pre, .mono { font-family: var(--mono); font-size: 12px; }
b, strong { font-weight: 600; }
/* A window of its own has no doctype, and there tables would not inherit the colour. */
table { border-collapse: collapse; text-align: start; color: inherit; }
th { text-align: start; font-weight: 500; color: var(--muted); }
td, th { vertical-align: top; padding: 4px 10px 4px 0; }
.muted { color: var(--muted); }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.ellipsis { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; min-width: 0; }
.scroll-x { overflow-x: auto; }
.spring { flex: 1; }
.padded { padding: 10px 12px 14px; display: flex; flex-direction: column; gap: 8px; min-width: 0; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
[data-tone='ok'] { --tone: var(--ok); --tone-bg: var(--ok-bg); }
[data-tone='busy'] { --tone: var(--busy); --tone-bg: var(--busy-bg); }
[data-tone='warn'] { --tone: var(--warn); --tone-bg: var(--warn-bg); }
[data-tone='bad'] { --tone: var(--bad); --tone-bg: var(--bad-bg); }
[data-tone='idle'] { --tone: var(--idle); --tone-bg: var(--idle-bg); }
.dot { flex: none; width: 10px; height: 10px; border-radius: 50%; background: var(--tone); }
.value { font-family: var(--mono); font-size: 12px; white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: plaintext; }
.value { display: inline-block; max-width: 100%; max-height: 9.5em; overflow-y: auto; vertical-align: top; }
.value.hollow { color: var(--muted); font-style: italic; }
.value.old { color: var(--bad); text-decoration: line-through; text-decoration-color: color-mix(in srgb, var(--bad) 60%, transparent); }
.value.new { color: var(--ok); }
.value.old.hollow, .value.new.hollow { color: var(--muted); text-decoration: none; }
.text-diff ins { color: var(--ok); background: var(--ok-bg); text-decoration: none; border-radius: 3px; padding: 0 1px; }
.text-diff del { color: var(--bad); background: var(--bad-bg); border-radius: 3px; padding: 0 1px; }
.loading { padding: 16px; color: var(--muted); }
`;
