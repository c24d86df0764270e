import type { Meta, StoryObj } from '@storybook/react-vite';
import { expect, spyOn, userEvent, waitFor, within } from 'storybook/test';
import type { CursorInfo } from 'tidemark';
import { SyncDevtools, type SyncDevtoolsProps } from 'tidemark/devtools/production';
import { createFakeSync, type FakeSync } from 'tidemark/testing';
import { sameColumns } from '../fixtures/conflicts.ts';
import { mixedOutbox } from '../fixtures/outbox.ts';
import { hasFocus, shadowOf } from '../fixtures/panel-story.tsx';
import { colours } from '../fixtures/read.ts';
import { schema } from '../fixtures/schema.ts';

const meta: Meta = {
  title: 'Devtools/Floating button',
  parameters: { layout: 'fullscreen' },
  beforeEach: () => localStorage.removeItem('tidemark-devtools'),
};
export default meta;

type Story = StoryObj;

const busy = () => createFakeSync({ schema, state: { outbox: mixedOutbox(), conflicts: [sameColumns] } });

const at = { epoch: 'a1b2c3d4', seq: 4_120 };
const follows = (scope: string): CursorInfo => ({
  ...{ scope, cursor: at, head: 4_120, lag: 0, isFollowed: true, isComplete: true },
});

/** Something in each view. */
const crowded = () => ({ outbox: mixedOutbox(), conflicts: [sameColumns], cursors: ['*'].map(follows) });
const scopes = ['main', 'project:harbour'].map((scope) => ({ scope, rowCount: 2_940 }));

const floating = async (page: Document) => within(await shadowOf(page.body));

export const OpensAndCloses: Story = {
  loaders: [() => ({ sync: busy() })],
  render: (_args, { loaded }) => <SyncDevtools sync={loaded.sync} />,
  play: async ({ canvasElement }) => {
    const devtools = await floating(canvasElement.ownerDocument);
    const button = devtools.getByRole('button', { name: /Open tidemark devtools.*4 changes waiting/ });
    await expect(button).toHaveTextContent(/4 ↑2 !$/);
    await expect(button).toHaveAttribute('title', expect.stringMatching(/ \(Alt\+Shift\+S\)$/));
    const { warn } = colours(button);
    const dot = button.querySelector('.dot');
    await expect(dot && getComputedStyle(dot).backgroundColor).toBe(warn);
    const { right, bottom } = button.getBoundingClientRect();
    await expect([innerWidth - right < 40, innerHeight - bottom < 40]).toEqual([true, true]);
    await userEvent.click(button);
    await waitFor(() => expect(hasFocus(devtools.getByRole('tab', { name: 'Overview' }))).toBe(true));
    await userEvent.keyboard('{Escape}');
    await waitFor(() => expect(hasFocus(devtools.getByRole('button', { name: /Open/ }))).toBe(true));
    await userEvent.keyboard('{Alt>}{Shift>}S{/Shift}{/Alt}');
    await expect(await devtools.findByRole('tablist')).toBeVisible();
    await userEvent.keyboard('{ArrowRight}');
    await expect(devtools.getByRole('tab', { name: /Queue/ })).toHaveAttribute('aria-selected', 'true');
    await userEvent.keyboard('{End}');
    await expect(devtools.getByRole('tab', { name: 'Support' })).toHaveAttribute('aria-selected', 'true');
    await userEvent.keyboard('{ArrowRight}');
    await expect(devtools.getByRole('tab', { name: 'Overview' })).toHaveAttribute('aria-selected', 'true');
    await expect(devtools.getByRole('tabpanel', { name: 'Overview' })).toBeVisible();
    await userEvent.keyboard('{ArrowLeft}');
    await expect(devtools.getByRole('tab', { name: 'Support' })).toHaveAttribute('aria-selected', 'true');
    await userEvent.keyboard('{Home}');
    await expect(devtools.getByRole('tab', { name: 'Overview' })).toHaveAttribute('aria-selected', 'true');
    await userEvent.click(devtools.getByRole('button', { name: 'Close the devtools' }));
    await expect(await devtools.findByRole('button', { name: /Open/ })).toBeVisible();
  },
};

interface PlaygroundArgs {
  readonly position: NonNullable<SyncDevtoolsProps['position']>;
  readonly theme: NonNullable<SyncDevtoolsProps['theme']>;
  readonly initialIsOpen: boolean;
}

/** For you to play with, in the Controls panel. */
export const Playground: StoryObj<PlaygroundArgs> = {
  parameters: { controls: { disable: false } },
  args: { position: 'bottom-left', theme: 'dark', initialIsOpen: false },
  argTypes: {
    position: { control: 'select', options: ['bottom-right', 'bottom-left', 'top-right', 'top-left'] },
    theme: { control: 'inline-radio', options: ['system', 'light', 'dark'] },
    initialIsOpen: { control: 'boolean' },
  },
  loaders: [() => ({ sync: busy() })],
  render: (args, { loaded }) => <SyncDevtools key={JSON.stringify(args)} sync={loaded.sync} {...args} />,
  play: async ({ canvasElement }) => {
    const devtools = await floating(canvasElement.ownerDocument);
    const { left, bottom } = devtools.getByRole('button', { name: /Open/ }).getBoundingClientRect();
    await expect([left < 40, innerHeight - bottom < 40]).toEqual([true, true]);
  },
};

/** In another corner, and quiet: nothing waits. */
export const TopLeftAndQuiet: Story = {
  loaders: [() => ({ sync: createFakeSync({ schema }) })],
  render: (_args, { loaded }) => <SyncDevtools sync={loaded.sync} position="top-left" nonce="r4nd0m" />,
  play: async ({ canvasElement }) => {
    const devtools = await floating(canvasElement.ownerDocument);
    const button = devtools.getByRole('button', { name: /Open tidemark devtools.*Everything is synced/ });
    await expect(button).not.toHaveTextContent(/[↑!]/);
    const { left, top } = button.getBoundingClientRect();
    await expect([left < 40, top < 40]).toEqual([true, true]);
    await expect((button.getRootNode() as ShadowRoot).querySelector('style')?.nonce).toBe('r4nd0m');
    const dot = button.querySelector('.dot');
    await expect(dot && getComputedStyle(dot).backgroundColor).toBe(colours(button).ok);
  },
};

/** An engine that hands out nonsense: the view says so, the rest of the panel and the app stay up. */
export const SurvivesAnErrorOfItsOwn: Story = {
  beforeEach: () => localStorage.setItem('tidemark-devtools', JSON.stringify({ isOpen: true, tab: 'cursors' })),
  loaders: [() => ({ sync: createFakeSync({ schema, state: { cursors: [null] as never } }) })],
  render: (_args, { loaded }) => (
    <>
      <p>The app</p>
      <SyncDevtools sync={loaded.sync} />
    </>
  ),
  play: async ({ canvasElement, loaded }) => {
    const devtools = await floating(canvasElement.ownerDocument);
    await expect(await devtools.findByText('Cursors could not be shown.')).toBeVisible();
    await expect(devtools.getByText(/Cannot read properties of null/)).toBeVisible();
    await expect(within(canvasElement).getByText('The app')).toBeVisible();
    await userEvent.click(devtools.getByRole('tab', { name: 'Overview' }));
    await expect(devtools.getByText('This device')).toBeVisible();
    await userEvent.click(devtools.getByRole('tab', { name: 'Cursors' }));
    await expect(await devtools.findByText('Cursors could not be shown.')).toBeVisible();
    // What was wrong is over: the view comes back when it is asked to.
    (loaded.sync as FakeSync).setState({ cursors: [] });
    await userEvent.click(devtools.getByRole('button', { name: 'Try again' }));
    await expect(await devtools.findByText('No scope is followed yet')).toBeVisible();
  },
};

export const DocksAtEachEdge: Story = {
  loaders: [() => ({ sync: busy() })],
  render: (_args, { loaded }) => <SyncDevtools sync={loaded.sync} initialIsOpen theme="dark" />,
  play: async ({ canvasElement }) => {
    const devtools = await floating(canvasElement.ownerDocument);
    for (const side of ['left', 'right']) {
      const button = await devtools.findByRole('button', { name: `Dock to the ${side}` });
      await userEvent.click(button);
      await expect(button).toHaveAttribute('aria-pressed', 'true');
      await expect(devtools.getByRole('separator', { name: 'Width of the panel' })).toBeVisible();
      const { left, right } = devtools.getByRole('region', { name: 'tidemark devtools' }).getBoundingClientRect();
      await expect(side === 'left' ? left < 10 : innerWidth - right < 10).toBe(true);
    }
    await userEvent.click(devtools.getByRole('button', { name: 'Dock to the bottom' }));
    const edge = devtools.getByRole('separator', { name: 'Height of the panel' });
    await expect(edge).toBeVisible();
    const before = Number(edge.getAttribute('aria-valuenow'));
    edge.focus();
    await userEvent.keyboard('{ArrowDown}');
    await waitFor(() => expect(edge).toHaveAttribute('aria-valuenow', String(before - 24)));
    await expect(JSON.parse(localStorage.getItem('tidemark-devtools') ?? '{}')).toMatchObject({
      dock: 'bottom',
      height: before - 24,
    });
    await expect(devtools.getByRole('button', { name: 'Colours: dark' })).toBeVisible();
    const panel = devtools.getByRole('region', { name: 'tidemark devtools' });
    await expect(getComputedStyle(panel).colorScheme).toBe('dark');
    // A browser that opens no windows: the panel stays where it is.
    const opened = spyOn(window, 'open').mockReturnValue(null);
    await userEvent.click(devtools.getByRole('button', { name: 'Open in its own window' }));
    await expect(opened).toHaveBeenCalledOnce();
    await expect(devtools.getByRole('separator', { name: 'Height of the panel' })).toBeVisible();
    opened.mockRestore();
  },
};

/** As narrow as it gets at the side of a page: it says whose it is, and no view is wider than it is. */
export const AtItsNarrowest: Story = {
  beforeEach: () =>
    localStorage.setItem('tidemark-devtools', JSON.stringify({ isOpen: true, dock: 'right', width: 320 })),
  loaders: [() => ({ sync: createFakeSync({ schema, state: crowded(), inspection: { scopes } }) })],
  render: (_args, { loaded }) => <SyncDevtools sync={loaded.sync} />,
  play: async ({ canvasElement }) => {
    const devtools = await floating(canvasElement.ownerDocument);
    await expect(await devtools.findByRole('heading', { name: 'tidemark' })).toBeVisible();
    const { left, right } = devtools.getByRole('region', { name: 'tidemark devtools' }).getBoundingClientRect();
    for (const tab of devtools.getAllByRole('tab')) {
      await userEvent.click(tab);
      await waitFor(() => expect(devtools.queryByText('Loading…')).toBeNull());
      const view = devtools.getByRole('tabpanel');
      await expect([tab.textContent, view.scrollWidth - view.clientWidth]).toEqual([tab.textContent, 0]);
      for (const button of devtools.getAllByRole('button')) {
        const place = button.getBoundingClientRect();
        const isInside = place.left >= left && place.right <= right;
        await expect([tab.textContent, button.textContent, isInside]).toEqual([
          tab.textContent,
          button.textContent,
          true,
        ]);
      }
    }
  },
};

/** Opened by the keys from a field of the app: the focus goes back there. */
export const GivesTheFocusBack: Story = {
  loaders: [() => ({ sync: busy() })],
  render: (_args, { loaded }) => (
    <>
      <input aria-label="A field of the app" />
      <SyncDevtools sync={loaded.sync} />
    </>
  ),
  play: async ({ canvasElement }) => {
    const field = within(canvasElement).getByRole('textbox');
    const devtools = await floating(canvasElement.ownerDocument);
    field.focus();
    await userEvent.keyboard('{Alt>}{Shift>}S{/Shift}{/Alt}');
    await waitFor(() => expect(hasFocus(devtools.getByRole('tab', { name: 'Overview' }))).toBe(true));
    await userEvent.keyboard('{Escape}');
    await waitFor(() => expect(field).toHaveFocus());
  },
};

/** A panel that was left open comes back with the page, and leaves the focus to it. */
export const LeavesTheFocusToThePage: Story = {
  loaders: [() => ({ sync: busy() })],
  render: (_args, { loaded }) => (
    <>
      {/* biome-ignore lint/a11y/noAutofocus: what is tested */}
      <input aria-label="A field of the app" autoFocus />
      <SyncDevtools sync={loaded.sync} initialIsOpen />
    </>
  ),
  play: async ({ canvasElement }) => {
    const devtools = await floating(canvasElement.ownerDocument);
    await expect(await devtools.findByRole('tab', { name: 'Overview' })).toBeVisible();
    await expect(within(canvasElement).getByRole('textbox')).toHaveFocus();
  },
};
