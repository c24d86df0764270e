import { createRoot, type Root } from 'react-dom/client';
import { createSync, defineSchema, SyncProvider, t, table } from 'tidemark';
import { SyncDevtools, SyncDevtoolsPanel } from 'tidemark/devtools';
import { createFakeSync } from 'tidemark/testing';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { page, userEvent } from 'vitest/browser';

const schema = defineSchema({ version: 1, tables: { issue: table({ id: t.text(), title: t.text() }) } });

let place: HTMLElement;
let root: Root;

beforeEach(() => {
  localStorage.removeItem('tidemark-devtools');
  place = document.createElement('div');
  place.style.height = '400px';
  document.body.append(place);
  root = createRoot(place);
});

afterEach(() => {
  root.unmount();
  place.remove();
});

const fake = () => createFakeSync({ schema, state: { status: { lastSyncedAt: 1 } } });

function inside(kind: 'panel' | 'floating'): ShadowRoot {
  const shadow = document.querySelector(`[data-tidemark-devtools=${kind}]`)?.shadowRoot;
  if (!shadow) throw new Error('The devtools are not there yet.');
  return shadow;
}

/** What has the focus in the floating devtools, by its text. */
const focused = () => inside('floating').activeElement?.textContent;

test('the panel shows a real database in its worker', async () => {
  const sync = createSync({ schema, storage: { kind: 'opfs', name: 'devtools-panel' } });
  root.render(
    <SyncProvider sync={sync}>
      <SyncDevtoolsPanel />
    </SyncProvider>,
  );
  await expect.element(page.getByText(/On this device only/)).toBeVisible();
  await sync.write((tx) => tx.insert('issue', { id: 'a', title: 'A' }));
  await expect.element(page.getByText('persisted on disk')).toBeVisible();
  await expect.element(page.getByText('this tab')).toBeVisible();
  await sync.wipe({ unsent: 'discard' });
  await sync.close();
});

test('styles of the page do not reach the panel, nor its styles the page', async () => {
  const style = document.createElement('style');
  style.textContent = '* { font-size: 40px; text-transform: uppercase } button { display: none !important }';
  document.head.append(style);
  const button = document.createElement('p');
  place.before(button);
  const before = { ...getComputedStyle(button) };
  root.render(<SyncDevtoolsPanel sync={fake()} />);
  const pause = page.getByRole('button', { name: 'Pause' });
  await expect.element(pause).toBeVisible();
  expect(getComputedStyle(pause.element())).toMatchObject({ fontSize: '12px', textTransform: 'none' });
  expect({ ...getComputedStyle(button) }).toEqual(before);
  style.remove();
  button.remove();
});

/** What an app might say, with good reason or without, of everything there is. */
const HOSTILE = `
  :root { --bg: red; --text: red }
  * { all: unset; --bg: red; letter-spacing: 9px; text-transform: uppercase; visibility: hidden; direction: rtl }
  body > div, div { display: none !important; opacity: 0.1 !important; transform: scale(0.5) !important; --text: red }
  button, [role='tab'], input, table { display: none !important; color: red !important }
`;

test.each(['panel', 'floating'] as const)('the %s looks the same in an app that styles everything', async (kind) => {
  const isPanel = kind === 'panel';
  root.render(isPanel ? <SyncDevtoolsPanel sync={fake()} /> : <SyncDevtools sync={fake()} initialIsOpen />);
  const tab = page.getByRole('tab', { name: 'Queue' });
  await expect.element(tab).toBeVisible();
  const before = looks(inside(kind));
  const style = document.createElement('style');
  style.textContent = HOSTILE;
  document.head.append(style);
  try {
    // What holds the panel is the app's own, and has to be there.
    for (let around: Element | null = place; around; around = around.parentElement) stand(around);
    expect(looks(inside(kind))).toEqual(before);
  } finally {
    style.remove();
    for (let around: Element | null = place; around; around = around.parentElement) around.removeAttribute('style');
  }
});

function stand(element: Element): void {
  element.setAttribute('style', 'all: initial !important; display: block !important; height: 400px !important');
}

/** How each element of the panel is drawn; where it stands is the app's to say. */
function looks(shadow: ShadowRoot): Record<string, string>[] {
  const names = [
    'display',
    'color',
    'backgroundColor',
    'font',
    'letterSpacing',
    'textTransform',
    'visibility',
  ] as const;
  const own = ['direction', 'opacity', 'transform', 'cursor', 'padding', 'border'] as const;
  return [shadow.host, ...shadow.querySelectorAll('*')].map((element) => {
    const style = getComputedStyle(element);
    return Object.fromEntries([...names, ...own].map((name) => [name, style[name]]));
  });
}

test('keys typed in the panel are not the shortcuts of the app', async () => {
  const shortcut = vi.fn();
  document.addEventListener('keydown', shortcut);
  root.render(<SyncDevtools sync={fake()} initialIsOpen />);
  await userEvent.click(page.getByRole('tab', { name: 'Events' }));
  await userEvent.keyboard('j');
  expect(shortcut).not.toHaveBeenCalled();
  document.removeEventListener('keydown', shortcut);
});

test('the height is set by the keyboard and remembered', async () => {
  root.render(<SyncDevtools sync={fake()} initialIsOpen />);
  const edge = page.getByRole('separator', { name: 'Height of the panel' });
  await expect.element(edge).toBeVisible();
  const before = Number(edge.element().getAttribute('aria-valuenow'));
  (edge.element() as HTMLElement).focus();
  await userEvent.keyboard('{ArrowDown}{ArrowDown}');
  await expect.element(edge).toHaveAttribute('aria-valuenow', String(before - 48));
  expect(JSON.parse(localStorage.getItem('tidemark-devtools') ?? '{}')).toMatchObject({ height: before - 48 });
});

test.each([
  ['left', '{ArrowRight}'],
  ['right', '{ArrowLeft}'],
])('docked to the %s it has a width of its own', async (side, key) => {
  root.render(<SyncDevtools sync={fake()} initialIsOpen />);
  await page.getByRole('button', { name: `Dock to the ${side}` }).click();
  const edge = page.getByRole('separator', { name: 'Width of the panel' });
  await expect.element(edge).toBeVisible();
  const before = Number(edge.element().getAttribute('aria-valuenow'));
  (edge.element() as HTMLElement).focus();
  await userEvent.keyboard(key);
  await expect
    .element(edge)
    .toHaveAttribute('aria-valuenow', String(before + 24 > innerWidth - 40 ? before : before + 24));
  const dock = inside('floating').querySelector('.dock')?.getBoundingClientRect();
  expect(side === 'left' ? dock?.left : innerWidth - (dock?.right ?? 0)).toBe(0);
  expect(JSON.parse(localStorage.getItem('tidemark-devtools') ?? '{}')).toMatchObject({ dock: side, isOpen: true });
});

test('in its own window the panel has its styles and works, and the button comes back with the focus', async () => {
  const opened = vi.spyOn(window, 'open');
  root.render(<SyncDevtools sync={fake()} initialIsOpen />);
  await page.getByRole('button', { name: 'Open in its own window' }).click();
  const own: Window | null = opened.mock.results[0]?.value;
  opened.mockRestore();
  if (!own) throw new Error('No window was opened.');
  const find = (selector: string) =>
    own.document.querySelector('[data-tidemark-devtools=window]')?.shadowRoot?.querySelector<HTMLElement>(selector);
  await expect
    .poll(() => find('[role=tablist]') && own.getComputedStyle(find('[role=tablist]') as Element).display)
    .toBe('flex');
  find('#tab-queue')?.click();
  await expect.poll(() => find('.empty-title')?.textContent).toBe('The queue is empty');
  await expect.element(page.getByRole('button', { name: /Show the window/ })).toBeVisible();
  own.close();
  await expect.poll(focused).toMatch(/^Open tidemark devtools/);
  await expect.element(page.getByRole('button', { name: /Open tidemark devtools/ })).toBeVisible();
});

test('its own window, loaded anew, is filled again', async () => {
  const opened = vi.spyOn(window, 'open');
  root.render(<SyncDevtools sync={fake()} initialIsOpen />);
  await page.getByRole('button', { name: 'Open in its own window' }).click();
  const own: Window | null = opened.mock.results[0]?.value;
  opened.mockRestore();
  if (!own) throw new Error('No window was opened.');
  const tabs = () =>
    own.document.querySelector('[data-tidemark-devtools=window]')?.shadowRoot?.querySelector('[role=tablist]');
  await expect.poll(tabs).toBeTruthy();
  const before = own.document;
  own.location.reload();
  await expect.poll(() => own.document !== before && tabs(), { timeout: 10_000 }).toBeTruthy();
  expect(own.document.title).toMatch(/^tidemark devtools: /);
  own.close();
  await expect.element(page.getByRole('button', { name: /Open tidemark devtools/ })).toBeVisible();
});

test('without permission for windows the panel opens at the lower edge', async () => {
  const refused = vi.spyOn(window, 'open').mockReturnValue(null);
  root.render(<SyncDevtools sync={fake()} initialDock="window" />);
  await page.getByRole('button', { name: /Open tidemark devtools/ }).click();
  await expect.element(page.getByRole('separator', { name: 'Height of the panel' })).toBeVisible();
  refused.mockRestore();
});

test('the colours follow the choice, and are remembered', async () => {
  root.render(<SyncDevtools sync={fake()} initialIsOpen theme="dark" />);
  await expect.element(page.getByRole('button', { name: 'Colours: dark' })).toBeVisible();
  const paper = () => getComputedStyle(inside('floating').querySelector('.panel') as Element).backgroundColor;
  expect(paper()).toBe('rgb(14, 20, 27)');
  await page.getByRole('button', { name: 'Colours: dark' }).click();
  await page.getByRole('button', { name: 'Colours: system' }).click();
  await expect.poll(paper).toBe('rgb(255, 255, 255)');
  expect(JSON.parse(localStorage.getItem('tidemark-devtools') ?? '{}')).toMatchObject({ theme: 'light' });
});

test('Home and End reach the first and the last tab', async () => {
  root.render(<SyncDevtools sync={fake()} initialIsOpen />);
  await page.getByRole('tab', { name: 'Overview' }).click();
  await userEvent.keyboard('{End}');
  await expect.poll(() => inside('floating').activeElement?.getAttribute('aria-selected')).toBe('true');
  expect(inside('floating').activeElement?.nextElementSibling).toBeNull();
  await userEvent.keyboard('{Home}');
  await expect.poll(focused).toBe('Overview');
});

test('the shortcut opens and closes, and nothing is left when it unmounts', async () => {
  root.render(<SyncDevtools sync={fake()} />);
  await expect.element(page.getByRole('button', { name: /Open tidemark devtools/ })).toBeVisible();
  await userEvent.keyboard('{Alt>}{Shift>}S{/Shift}{/Alt}');
  await expect.poll(focused).toBe('Overview');
  await userEvent.keyboard('{Escape}');
  await expect.poll(focused).toMatch(/^Open tidemark devtools/);
  root.render(null);
  await vi.waitFor(() => expect(document.querySelector('[data-tidemark-devtools]')).toBeNull());
});

test.each([
  ['without a nonce', undefined],
  ['with the nonce', 'n0nce'],
])('a strict Content-Security-Policy is kept %s', async (_name, nonce) => {
  const violations = vi.fn();
  document.addEventListener('securitypolicyviolation', violations);
  const policy = document.createElement('meta');
  policy.httpEquiv = 'Content-Security-Policy';
  policy.content = "style-src 'nonce-n0nce'";
  document.head.append(policy);
  root.render(<SyncDevtools sync={fake()} initialIsOpen {...(nonce === undefined ? {} : { nonce })} />);
  const tabs = page.getByRole('tablist');
  await expect.element(tabs).toBeVisible();
  for (const name of ['Queue', 'Conflicts', 'Cursors', 'Events']) await page.getByRole('tab', { name }).click();
  expect(getComputedStyle(tabs.element()).display).toBe('flex');
  expect(inside('floating').querySelector('style') !== null).toBe(nonce !== undefined);
  expect(violations).not.toHaveBeenCalled();
  document.removeEventListener('securitypolicyviolation', violations);
});
