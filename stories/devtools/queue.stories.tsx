import type { Meta, StoryObj } from '@storybook/react-vite';
import { expect, userEvent, waitFor, within } from 'storybook/test';
import { awkwardOutbox, entry, longOutbox, mixedOutbox, rejected, rejectedInsert } from '../fixtures/outbox.ts';
import { fill, hasFocus, panelIn, panelStory, syncOf } from '../fixtures/panel-story.tsx';

const meta: Meta = { title: 'Devtools/Queue', parameters: { layout: 'fullscreen' } };
export default meta;

type Story = StoryObj;

export const Empty: Story = {
  ...panelStory({ tab: 'queue' }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(panel.getByText('The queue is empty')).toBeVisible();
  },
};

export const EveryState: Story = {
  ...panelStory({ tab: 'queue', state: { outbox: mixedOutbox, status: { phase: 'pending' } } }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    const list = panel.getByRole('listbox', { name: 'Mutations' });
    await waitFor(() => expect(within(list).getAllByRole('option')).toHaveLength(mixedOutbox.length));
    const states = within(list)
      .getAllByRole('option')
      .map((row) => row.querySelector('.badge')?.textContent);
    const words = { pending: 'waiting', sent: 'sent', accepted: 'accepted', parked: 'parked', conflicted: 'conflict' };
    await expect(states).toEqual(mixedOutbox.map(({ state }) => ({ ...words, rejected: 'rejected' })[state]));
    await userEvent.click(within(list).getByText('#43'));
    const detail = panel.getByRole('article', { name: 'Mutation 43' });
    await expect(within(detail).getByText('Gulls nest on the north pier')).toBeVisible();
    await expect(within(detail).getByText('Birds on pier')).toBeVisible();
    await expect(within(detail).getByText('+1')).toBeVisible();
    await expect(within(detail).queryByRole('button', { name: 'Edit' })).toBeNull();
    await userEvent.selectOptions(panel.getByRole('combobox', { name: 'States shown' }), 'rejected');
    await waitFor(() => expect(within(panel.getByRole('listbox')).getAllByRole('option')).toHaveLength(1));
    await fill(panel.getByRole('searchbox'), 'no such row');
    await expect(await panel.findByText('Nothing matches.')).toBeVisible();
    await userEvent.selectOptions(panel.getByRole('combobox', { name: 'States shown' }), 'all');
    await userEvent.selectOptions(panel.getByRole('combobox', { name: 'Tables shown' }), 'issue_label');
    await fill(panel.getByRole('searchbox'), 'pier-7');
    await waitFor(() => expect(within(panel.getByRole('listbox')).getAllByRole('option')).toHaveLength(2));
    await fill(panel.getByRole('searchbox'), '');
    await userEvent.selectOptions(panel.getByRole('combobox', { name: 'Tables shown' }), 'all');
  },
};

export const EditARejectedMutation: Story = {
  ...panelStory({ tab: 'queue', state: { outbox: [rejected], status: { phase: 'blocked' } } }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    await userEvent.click(await panel.findByText('#40'));
    const detail = panel.getByRole('article');
    await expect(within(detail).getByRole('alert')).toHaveTextContent('must lie between 1 and 5');
    await userEvent.click(within(detail).getByRole('button', { name: 'Edit' }));
    const priority = within(detail).getByRole('textbox', { name: 'priority' });
    await fill(priority, 'four');
    await expect(within(detail).getByRole('button', { name: 'Save and send again' })).toBeDisabled();
    await fill(priority, '4');
    await fill(within(detail).getByRole('textbox', { name: 'title' }), 'Lamp is out');
    await userEvent.click(within(detail).getByRole('button', { name: 'Save and send again' }));
    await expect(syncOf(context).store.getState().outbox[0]).toMatchObject({
      state: 'pending',
      changes: [{ columns: { title: 'Lamp is out', priority: 4 } }],
    });
  },
};

export const Editor: Story = {
  ...panelStory({ tab: 'queue', state: { outbox: [rejectedInsert], status: { phase: 'blocked' } } }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await userEvent.click(await panel.findByText('#46'));
    await userEvent.click(panel.getByRole('button', { name: 'Edit' }));
    await fill(panel.getByRole('textbox', { name: 'due' }), 'soon');
    await expect(panel.getByRole('textbox', { name: 'due' })).toHaveAccessibleDescription(/no YYYY-MM-DD/);
  },
};

export const DiscardQuestion: Story = {
  ...panelStory({ tab: 'queue', state: { outbox: mixedOutbox, status: { phase: 'pending' } } }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await userEvent.click(await panel.findByText('#42'));
    await userEvent.click(panel.getByRole('button', { name: 'Discard…' }));
    await expect(panel.getByRole('alertdialog')).toHaveTextContent('The columns go back');
    await userEvent.keyboard('{Escape}');
    await waitFor(() => expect(panel.queryByRole('alertdialog')).toBeNull());
    await userEvent.click(panel.getByRole('button', { name: 'Discard…' }));
  },
};

export const DiscardAfterConfirmation: Story = {
  ...panelStory({ tab: 'queue', state: { outbox: mixedOutbox, status: { phase: 'pending' } } }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    await userEvent.click(await panel.findByText('#44'));
    await userEvent.click(panel.getByRole('button', { name: 'Discard…' }));
    const question = panel.getByRole('alertdialog');
    await expect(question).toHaveTextContent('The row comes back');
    await waitFor(() => expect(hasFocus(within(question).getByRole('button', { name: 'Keep it' }))).toBe(true));
    await userEvent.click(within(question).getByRole('button', { name: 'Discard' }));
    await waitFor(() => expect(panel.queryByText('#44')).toBeNull());
    await expect(syncOf(context).calls).toEqual([{ name: 'outbox.discard', args: [44] }]);
  },
};

const huge = longOutbox(100_000);

export const AHundredThousand: Story = {
  ...panelStory({
    tab: 'queue',
    outbox: huge,
    state: { outbox: huge.slice(0, 1_000), status: { phase: 'pending', pendingCount: huge.length } },
  }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    const list = panel.getByRole('listbox', { name: 'Mutations' });
    list.focus();
    await userEvent.keyboard('{End}');
    await expect(await panel.findByText('#100000', {}, { timeout: 5_000 })).toBeVisible();
    await expect(within(list).getAllByRole('option').length).toBeLessThan(60);
  },
};

export const Narrow: Story = {
  ...panelStory({ tab: 'queue', width: 360, state: { outbox: mixedOutbox, status: { phase: 'pending' } } }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await userEvent.click(await panel.findByText('#42'));
    await expect(panel.queryByRole('listbox')).toBeNull();
    await userEvent.click(panel.getByRole('button', { name: /Back/ }));
    await expect(panel.getByRole('listbox')).toBeVisible();
  },
};

/** The same in dark colours, so that their contrast is looked at as well. */
export const EveryStateInTheDark: Story = {
  ...panelStory({ tab: 'queue', theme: 'dark', state: { outbox: mixedOutbox, status: { phase: 'pending' } } }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await userEvent.click(await panel.findByText('#40'));
    await expect(panel.getByRole('alert')).toHaveTextContent('must lie between 1 and 5');
  },
};

export const LongAndRightToLeftValues: Story = {
  ...panelStory({ tab: 'queue', state: { outbox: awkwardOutbox, status: { phase: 'pending' } } }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await userEvent.click(await panel.findByText('#50'));
    const detail = panel.getByRole('region', { name: 'Details' });
    await expect(detail.scrollWidth).toBeLessThanOrEqual(detail.clientWidth);
    await userEvent.click(panel.getByText('#51'));
    const arabic = within(detail).getByText(/النوارس/);
    await expect(getComputedStyle(arabic).unicodeBidi).toBe('plaintext');
  },
};

export const RetryAll: Story = {
  ...panelStory({
    tab: 'queue',
    state: { outbox: [rejected, rejectedInsert, entry(47)], status: { phase: 'blocked' } },
  }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    await userEvent.click(await panel.findByRole('button', { name: 'Retry all rejected' }));
    await waitFor(() => expect(panel.queryByText('rejected', { selector: '.badge' })).toBeNull());
    await expect(syncOf(context).calls).toEqual([{ name: 'outbox.retryAll', args: [{}] }]);
  },
};

export const RetryAllOfATable: Story = {
  ...panelStory({ tab: 'queue', state: { outbox: [rejected, rejectedInsert], status: { phase: 'blocked' } } }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    await userEvent.selectOptions(await panel.findByRole('combobox', { name: 'Tables shown' }), 'issue');
    await fill(panel.getByRole('searchbox'), 'pier');
    await userEvent.click(panel.getByRole('button', { name: 'Retry all rejected' }));
    await waitFor(() =>
      expect(syncOf(context).calls).toEqual([{ name: 'outbox.retryAll', args: [{ table: 'issue', row: 'pier' }] }]),
    );
  },
};

export const RetryOne: Story = {
  ...panelStory({ tab: 'queue', state: { outbox: [rejected, rejectedInsert], status: { phase: 'blocked' } } }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    await userEvent.click(await panel.findByText('#40'));
    await userEvent.click(panel.getByRole('button', { name: 'Retry' }));
    await waitFor(() => expect(syncOf(context).calls).toEqual([{ name: 'outbox.retry', args: [40] }]));
  },
};

export const ImportAFile: Story = {
  ...panelStory({ tab: 'queue', state: { outbox: [entry(47)], status: { phase: 'pending' } } }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    const sync = syncOf(context);
    const text = await sync.outbox.export();
    const choose = (content: string) =>
      userEvent.upload(
        panel.getByLabelText('File of unsent work'),
        new File([content], 'outbox.json', { type: 'application/json' }),
      );
    const upload = async (content: string) => {
      await choose(content);
      const question = await panel.findByRole('alertdialog', { name: 'Write the work of outbox.json again?' });
      await expect(within(question).getByText(/the file’s values win without a conflict/)).toBeVisible();
      await userEvent.click(within(question).getByRole('button', { name: 'Write it again' }));
    };
    await choose(text);
    await userEvent.click(await panel.findByRole('button', { name: 'Cancel' }));
    await expect(sync.calls.map(({ name }) => name)).not.toContain('outbox.import');
    await upload('no file of ours');
    await expect(await panel.findByRole('alert')).toHaveTextContent('no export of an outbox');
    await upload(text);
    await expect(await panel.findByText('0 mutations written again, 1 left out.')).toBeVisible();
    await upload(text.replace('"mutationId": 47', '"mutationId": 12'));
    await expect(await panel.findByText('1 mutation written again.')).toBeVisible();
    await expect(await panel.findByText('#48')).toBeVisible();
  },
};

export const Offline: Story = {
  ...panelStory({
    tab: 'queue',
    state: { outbox: [entry(47), entry(48)], status: { phase: 'offline', connection: 'closed', isOnline: false } },
  }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(panel.getAllByRole('status')[0]).toHaveTextContent(/Offline.*2 changes waiting/);
    await expect(await panel.findByText('#48')).toBeVisible();
  },
};

/** Meanwhile the server has another title: the change is shown against that, not against what its writer saw. */
export const AgainstTheConfirmedRow: Story = {
  ...panelStory({
    tab: 'queue',
    state: { outbox: [entry(47)], status: { phase: 'pending' } },
    inspection: {
      rows: {
        issue: [
          {
            id: 'PIER-7',
            title: 'Gulls nest on the north pier',
            status: 'open',
            priority: 2,
            votes: 12,
            done: false,
            labels: [],
          },
        ],
      },
    },
  }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await userEvent.click(await panel.findByText('#47'));
    await expect(await panel.findByRole('columnheader', { name: 'Confirmed' })).toBeVisible();
    await expect(panel.getByText('Birds on pier', { selector: '.old' })).toBeVisible();
  },
};
