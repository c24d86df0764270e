import type { Meta, StoryObj } from '@storybook/react-vite';
import { expect, spyOn, userEvent, waitFor, within } from 'storybook/test';
import { ago } from '../fixtures/outbox.ts';
import { hasFocus, panelIn, panelStory, syncOf } from '../fixtures/panel-story.tsx';
import { textOf, tonesOf } from '../fixtures/read.ts';

const meta: Meta = { title: 'Devtools/Cursors', parameters: { layout: 'fullscreen' } };
export default meta;

type Story = StoryObj;

const epoch = '7f3a-9c';
const cursor = (seq: number) => ({ epoch, seq });

export const None: Story = {
  ...panelStory({ tab: 'cursors', state: { status: { phase: 'syncing', hasSynced: false } } }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(panel.getByText('No scope is followed yet')).toBeVisible();
    await expect(panel.getByText('Cursors appear with the first answer of the server.')).toBeVisible();
  },
};

export const WithoutServer: Story = {
  ...panelStory({ tab: 'cursors', state: { status: { phase: 'local' } } }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(panel.getByText('No server, no cursors')).toBeVisible();
    await expect(panel.getByText('This app keeps its data on this device only.')).toBeVisible();
  },
};

export const BehindAndUpToDate: Story = {
  ...panelStory({
    tab: 'cursors',
    state: {
      cursors: [
        { scope: 'public', cursor: cursor(1_204), head: 1_204, lag: 0, isComplete: true, isFollowed: true },
        { scope: 'project:harbour', cursor: cursor(980), head: 1_204, lag: 224, isComplete: true, isFollowed: true },
        { scope: 'user:mara', cursor: cursor(1_200), head: null, lag: null, isComplete: true, isFollowed: true },
      ],
      status: { phase: 'syncing' },
    },
    inspection: {
      scopes: [
        { scope: 'public', rowCount: 12 },
        { scope: 'project:harbour', rowCount: 3_400 },
        { scope: 'user:mara', rowCount: 1 },
      ],
    },
  }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    await expect(panel.getByText('224 commits behind')).toBeVisible();
    await expect(panel.getAllByText('7f3a-9c')).toHaveLength(3);
    await expect(panel.getByRole('meter', { name: 'Position in project:harbour' })).toHaveProperty('value', 980);
    await expect(panel.getByRole('meter', { name: 'Position in project:harbour' })).toHaveProperty('max', 1_204);
    await expect(panel.getByRole('meter', { name: 'Position in public' })).toHaveAttribute('data-complete', 'true');
    await expect(panel.queryByRole('meter', { name: 'Position in user:mara' })).toBeNull();
    await expect(panel.getByText('3 scopes, 2 behind')).toBeVisible();
    await panel.findByText('3,400');
    const [open, behind, unknown] = panel.getAllByRole('listitem').map(textOf);
    await expect(open).toMatch(/^publicup to dateseq 1,204 of 1,20412 rows heldepoch 7f3a-9cUnsubscribe…$/);
    await expect(behind).toMatch(
      /^project:harbour224 commits behindseq 980 of 1,2043,400 rows heldas of [\d:]+ \((now|\d+ s)\)epoch 7f3a-9c/,
    );
    await expect(unknown).toMatch(/^user:marahead unknownseq 1,200 of unknown1 row heldepoch 7f3a-9c/);
    await expect(tonesOf(panel.getByRole('list'))).toEqual(['ok', 'busy', 'idle']);
    await userEvent.click(panel.getByRole('button', { name: 'Unsubscribe from user:mara' }));
    await expect(panel.getByRole('alertdialog')).toHaveTextContent('1 row of it leaves this device');
    await expect(panel.queryByText(/Changes that wait/)).toBeNull();
    await userEvent.click(panel.getByRole('button', { name: 'Pull now' }));
    await waitFor(() => expect(syncOf(context).calls.map(({ name }) => name)).toEqual(['pull']));
    await expect(await panel.findByText('3 scopes, 1 behind')).toBeVisible();
  },
};

/** Nobody tells how far behind it is while the token is refused; names of scopes run from right to left, too. */
export const NeedsSignIn: Story = {
  ...panelStory({
    tab: 'cursors',
    state: {
      cursors: [
        { scope: 'project:נמל', cursor: cursor(980), head: null, lag: null, isComplete: true, isFollowed: true },
      ],
      status: { phase: 'needs-auth', connection: 'closed' },
    },
  }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    await expect(panel.getByText('head unknown')).toBeVisible();
    await expect(panel.getByText('project:נמל')).toBeVisible();
    await expect(panel.getByText('1 scope, 1 behind')).toBeVisible();
    const { promise, reject } = Promise.withResolvers<never>();
    spyOn(syncOf(context), 'pull').mockReturnValue(promise);
    await userEvent.click(panel.getByRole('button', { name: 'Pull now' }));
    await expect(panel.getByRole('button', { name: 'Pull now' })).toBeDisabled();
    reject(new Error('The server refused the token: it expired.'));
    await expect(await panel.findByRole('alert')).toHaveTextContent('it expired');
  },
};

export const FirstLoad: Story = {
  ...panelStory({
    tab: 'cursors',
    state: {
      cursors: [
        { scope: 'project:harbour', cursor: null, head: 1_204, lag: null, isComplete: false, isFollowed: true },
      ],
      status: { phase: 'syncing', hasSynced: false, progress: { step: 'snapshot', done: 12_000, total: 45_000 } },
    },
  }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(panel.getAllByText('Loading 12,000 of 45,000 rows')[0]).toBeVisible();
    await expect(panel.getByText('first load not complete')).toBeVisible();
    const loaded = panel.getByRole('meter', { name: 'Rows loaded of project:harbour' });
    await expect(loaded).toHaveProperty('value', 12_000);
    await expect(loaded).toHaveProperty('max', 45_000);
    await expect(panel.getByRole('listitem')).toHaveTextContent(
      /seq — of 1,204.*epoch —.*Loading 12,000 of 45,000 rows/,
    );
    await expect(tonesOf(panel.getByRole('list'))).toEqual(['busy']);
  },
};

export const Resync: Story = {
  ...panelStory({
    tab: 'cursors',
    theme: 'dark',
    state: {
      cursors: [{ scope: '*', cursor: cursor(1_200), head: 1_204, lag: 4, isComplete: true, isFollowed: true }],
      status: { phase: 'offline', lastSyncedAt: ago(75) },
    },
  }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    await expect(panel.getByText('* (every scope)')).toBeVisible();
    await expect(panel.getByText(/as of/)).toHaveTextContent(/1 min/);
    await userEvent.click(panel.getByRole('button', { name: 'Resync…' }));
    await expect(panel.getByRole('alertdialog', { name: 'Fetch all rows anew?' })).toBeVisible();
    await userEvent.click(panel.getByRole('button', { name: 'Cancel' }));
    await waitFor(() => expect(panel.queryByRole('alertdialog')).toBeNull());
    await expect(syncOf(context).calls).toEqual([]);
    await userEvent.click(panel.getByRole('button', { name: 'Resync…' }));
    await userEvent.click(within(panel.getByRole('alertdialog')).getByRole('button', { name: 'Resync' }));
    await waitFor(() => expect(syncOf(context).calls.map((call) => call.name)).toEqual(['hydrate']));
    await waitFor(() => expect(panel.queryByRole('alertdialog')).toBeNull());
    syncOf(context).failNext('pull', new Error('The server could not be reached.'));
    await userEvent.click(panel.getByRole('button', { name: 'Pull now' }));
    await expect(await panel.findByRole('alert')).toHaveTextContent('could not be reached');
  },
};

export const ManyScopes: Story = {
  ...panelStory({
    tab: 'cursors',
    state: {
      cursors: Array.from({ length: 60 }, (_, index) => ({
        scope: `project:a-harbour-with-a-rather-long-name-${index}`,
        cursor: cursor(1_000 + index),
        head: 1_060,
        lag: 60 - index,
        isComplete: true,
        isFollowed: true,
      })),
      status: { phase: 'syncing' },
    },
    inspection: {
      scopes: Array.from({ length: 60 }, (_, index) => ({
        scope: `project:a-harbour-with-a-rather-long-name-${index}`,
        rowCount: 100 * index,
      })),
    },
  }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(panel.getByText('60 scopes, 60 behind')).toBeVisible();
    await expect(panel.getAllByRole('meter')).toHaveLength(60);
  },
};

/** By keyboard alone: the question takes the focus, and gives it back to the button that asked. */
export const LeavesAScopeOut: Story = {
  ...panelStory({
    tab: 'cursors',
    state: {
      cursors: ['public', 'project:harbour'].map((scope) => ({
        scope,
        cursor: cursor(1_204),
        head: 1_204,
        lag: 0,
        isComplete: true,
        isFollowed: true,
      })),
      status: { pendingCount: 2 },
    },
    inspection: {
      scopes: [
        { scope: 'public', rowCount: 12 },
        { scope: 'project:harbour', rowCount: 3_400 },
      ],
    },
  }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    const harbour = within(panel.getByText('project:harbour').closest('li') as HTMLElement);
    await expect(await harbour.findByText('3,400')).toBeVisible();
    harbour.getByRole('button', { name: 'Unsubscribe from project:harbour' }).focus();
    await userEvent.keyboard('{Enter}');
    await expect(
      harbour.getByRole('button', { name: 'Unsubscribe from project:harbour', expanded: true }),
    ).toBeVisible();
    const question = within(harbour.getByRole('alertdialog', { name: 'Leave project:harbour out?' }));
    await expect(question.getByText(/3,400 rows of it leave this device/)).toBeVisible();
    await expect(question.getByText(/Changes that wait stay in the queue/)).toBeVisible();
    await waitFor(() => expect(hasFocus(question.getByRole('button', { name: 'Cancel' }))).toBe(true));
    await userEvent.keyboard('{Escape}');
    await expect(syncOf(context).calls).toEqual([]);
    await waitFor(() =>
      expect(hasFocus(harbour.getByRole('button', { name: 'Unsubscribe from project:harbour' }))).toBe(true),
    );
    await userEvent.keyboard('{Enter}');
    harbour.getByRole('button', { name: 'Unsubscribe' }).focus();
    await userEvent.keyboard('{Enter}');
    await waitFor(() => expect(harbour.getByText('left out')).toHaveAttribute('data-tone', 'idle'));
    await expect(panel.getByText('project:harbour').closest('li')).toHaveAttribute('data-followed', 'false');
    const subscribe = harbour.getByRole('button', { name: 'Subscribe to project:harbour' });
    await waitFor(() => expect(hasFocus(subscribe)).toBe(true));
    await expect(subscribe).toHaveTextContent('Subscribe');
    await expect(panel.getByText('1 scope, all at the head of the log; 1 left out')).toBeVisible();
    await userEvent.keyboard('{Enter}');
    await waitFor(() => expect(harbour.getByText('up to date')).toBeVisible());
    await expect(syncOf(context).calls).toEqual([
      { name: 'scopes.unsubscribe', args: ['project:harbour'] },
      { name: 'scopes.subscribe', args: ['project:harbour'] },
    ]);
    // Left out, and its rows are still here.
    const { cursors } = syncOf(context).store.getState();
    syncOf(context).setState({ cursors: cursors.map((one) => ({ ...one, isFollowed: one.scope === 'public' })) });
    await expect(await harbour.findByText('leaves with the next pull')).toBeVisible();
  },
};

/** Who may read everything has one cursor, and each scope that rows lie in can be left out of it. */
export const LeavesAScopeOutOfAll: Story = {
  ...panelStory({
    tab: 'cursors',
    theme: 'dark',
    state: {
      cursors: [
        { scope: '*', cursor: cursor(1_204), head: 1_204, lag: 0, isComplete: true, isFollowed: true },
        { scope: 'project:old', cursor: null, head: 1_204, lag: null, isComplete: false, isFollowed: false },
      ],
    },
    inspection: {
      scopes: [
        { scope: 'public', rowCount: 12 },
        { scope: 'project:harbour', rowCount: 3_400 },
        { scope: null, rowCount: 2 },
      ],
    },
  }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    const rows = within(await panel.findByRole('region', { name: 'Rows by scope' }));
    await expect(rows.getAllByRole('listitem').map((item) => item.querySelector('code')?.textContent)).toEqual([
      'parent not here',
      'project:harbour',
      'project:old',
      'public',
    ]);
    await expect(panel.getAllByRole('button', { name: /^(Uns|S)ubscribe/ })).toHaveLength(4);
    await expect(await panel.findByText('3,414')).toBeVisible();
    await expect(rows.getByRole('meter', { name: 'Rows in no scope' })).toHaveProperty('value', 2);
    const [, all, , some] = rows.getAllByRole('meter') as HTMLMeterElement[];
    await expect([all?.value, all?.max, some?.value]).toEqual([3_400, 3_400, 12]);
    await expect(rows.getAllByRole('listitem').map((item) => textOf(item.querySelector('.count-words')))).toEqual([
      '2',
      '3,400',
      'left out',
      '12',
    ]);
    await userEvent.click(rows.getByRole('button', { name: 'Unsubscribe from public' }));
    await userEvent.click(rows.getByRole('button', { name: 'Unsubscribe' }));
    await expect(await rows.findByText('12, leaving')).toBeVisible();
    syncOf(context).setInspection({ scopes: [{ scope: 'project:harbour', rowCount: 3_400 }] });
    syncOf(context).setState({ status: { lastSyncedAt: ago(0) } });
    await waitFor(() => expect(rows.getAllByText('left out')).toHaveLength(2));
    await userEvent.click(rows.getByRole('button', { name: 'Subscribe to project:old' }));
    await expect(syncOf(context).calls).toEqual([
      { name: 'scopes.unsubscribe', args: ['public'] },
      { name: 'scopes.subscribe', args: ['project:old'] },
    ]);
    syncOf(context).failNext('scopes.unsubscribe', new Error('Only so many scopes can be left out.'));
    await userEvent.click(rows.getByRole('button', { name: 'Unsubscribe from project:harbour' }));
    await userEvent.click(rows.getByRole('button', { name: 'Unsubscribe' }));
    await expect(await rows.findByText('Only so many scopes can be left out.')).toBeVisible();
  },
};
