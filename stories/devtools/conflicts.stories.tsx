import type { Meta, StoryObj } from '@storybook/react-vite';
import { expect, userEvent, waitFor, within } from 'storybook/test';
import {
  decidedByPerson,
  decidedByPolicy,
  deletedHere,
  deletedLongAgo,
  deletedThere,
  insertedTwice,
  longTexts,
  manyConflicts,
  sameColumns,
} from '../fixtures/conflicts.ts';
import { ago } from '../fixtures/outbox.ts';
import { fill, panelIn, panelStory, syncOf } from '../fixtures/panel-story.tsx';

const meta: Meta = { title: 'Devtools/Conflicts', parameters: { layout: 'fullscreen' } };
export default meta;

type Story = StoryObj;

const tablet = {
  deviceId: 'b6f0c2aa-tablet',
  name: 'Tablet',
  firstSeenAt: ago(9_000),
  lastSeenAt: ago(9),
  revoked: false,
  isThisDevice: false,
};

export const None: Story = {
  ...panelStory({ tab: 'conflicts' }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(panel.getByText('No conflicts')).toBeVisible();
  },
};

export const Open: Story = {
  ...panelStory({
    tab: 'conflicts',
    state: { conflicts: [sameColumns, deletedThere, deletedHere], devices: [tablet] },
  }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await userEvent.click(await panel.findByText('PIER-7'));
    await userEvent.click(panel.getAllByRole('radio', { name: 'This device' })[0] ?? canvasElement);
    await expect(panel.getByText('Choose a value for each column first.')).toBeVisible();
  },
};

export const OpenDeleted: Story = {
  ...panelStory({ tab: 'conflicts', state: { conflicts: [deletedThere, deletedHere] } }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await userEvent.click(await panel.findByText('PIER-10'));
    await expect(panel.getByRole('button', { name: 'Keep the row as changed' })).toBeEnabled();
  },
};

export const DecideFieldByField: Story = {
  ...panelStory({
    tab: 'conflicts',
    state: { conflicts: [sameColumns, deletedThere, decidedByPolicy], devices: [tablet] },
  }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    await userEvent.click(await panel.findByText('PIER-7'));
    const title = within(panel.getByRole('group', { name: /title/ }));
    await expect(title.getByText('Birds on pier')).toBeVisible();
    await expect(title.getByRole('group', { name: 'Tablet' })).toHaveTextContent('BirdsGulls on the pier');
    await expect(panel.getByRole('button', { name: 'Resolve' })).toBeDisabled();

    const typed = title.getByRole('textbox', { name: 'Value for title' });
    await fill(typed, 'Gulls, with chicks');
    await userEvent.click(
      within(panel.getByRole('group', { name: /priority/ })).getByRole('radio', { name: 'Tablet' }),
    );
    const result = within(panel.getByRole('region', { name: 'Result' }));
    await expect(result.getByText('Gulls, with chicks')).toBeVisible();
    await expect(result.getByText('They are loud, and there are chicks.')).toBeVisible();

    await userEvent.click(panel.getByRole('button', { name: 'Resolve' }));
    await waitFor(() =>
      expect(syncOf(context).calls).toEqual([
        {
          name: 'conflicts.resolve',
          args: ['c1', { merged: { title: 'Gulls, with chicks', priority: 4 } }],
        },
      ]),
    );
    await expect(await panel.findByText(/A person decided/)).toBeVisible();
  },
};

export const DeletedOnTheOtherSide: Story = {
  ...panelStory({ tab: 'conflicts', state: { conflicts: [deletedThere, deletedHere] } }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    await userEvent.click(await panel.findByText('PIER-9'));
    await expect(panel.getByText('You changed this row; meanwhile it was deleted.')).toBeVisible();
    await expect(panel.getByText('Row deleted')).toBeVisible();
    await userEvent.click(panel.getByRole('button', { name: 'Keep the row with my changes' }));
    await expect(syncOf(context).calls).toEqual([{ name: 'conflicts.resolve', args: ['c2', 'local'] }]);
  },
};

export const DeletedLongAgo: Story = {
  ...panelStory({ tab: 'conflicts', state: { conflicts: [deletedLongAgo] } }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    await userEvent.click(await panel.findByText('PIER-9'));
    const detail = within(await panel.findByRole('article'));
    await expect(detail.getByText(/no record of the row any more/)).toBeVisible();
    await expect(detail.getByText('Row deleted')).toBeVisible();
    await userEvent.click(detail.getByRole('button', { name: 'Accept the deletion' }));
    await expect(syncOf(context).calls).toEqual([{ name: 'conflicts.resolve', args: ['c2', 'remote'] }]);
  },
};

export const History: Story = {
  ...panelStory({ tab: 'conflicts', state: { conflicts: [decidedByPolicy, decidedByPerson], devices: [tablet] } }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    const rows = await panel.findAllByRole('option');
    await userEvent.click(rows[1] ?? canvasElement);
    const detail = within(await panel.findByRole('article'));
    await expect(detail.getByText('server-wins')).toBeVisible();
    await expect(detail.getAllByText('Gulls on the pier')[0]).toBeVisible();
  },
};

export const RestoreWhatLost: Story = {
  ...panelStory({ tab: 'conflicts', state: { conflicts: [decidedByPolicy], devices: [tablet] } }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    await userEvent.click(await panel.findByRole('option'));
    const losing = within(await panel.findByRole('region', { name: 'Restore' }));
    await expect(losing.getByText('Gulls on the pier')).toBeVisible();
    await userEvent.click(losing.getByRole('button', { name: 'Restore title of the other side' }));
    await expect(await losing.findByText('title was written again.')).toBeVisible();
    await expect(syncOf(context).store.getState().outbox[0]?.changes).toMatchObject([
      { table: 'issue', key: ['PIER-7'], op: 'patch', columns: { title: 'Gulls on the pier' } },
    ]);
  },
};

export const InsertedOnBothSides: Story = {
  ...panelStory({ tab: 'conflicts', state: { conflicts: [insertedTwice] } }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    await userEvent.click(await panel.findByText('PIER-11'));
    await expect(panel.getByText('Both sides inserted a row with this key.')).toBeVisible();
    await userEvent.click(panel.getByRole('button', { name: 'Keep all theirs' }));
    await expect(syncOf(context).calls).toEqual([{ name: 'conflicts.resolve', args: ['c6', 'remote'] }]);
  },
};

export const KeepsAllOfMine: Story = {
  ...panelStory({
    tab: 'conflicts',
    state: { conflicts: [sameColumns], devices: [tablet] },
  }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    await userEvent.click(await panel.findByText('PIER-7'));
    const later = sameColumns.localIsLater ? 'this device' : 'Tablet';
    await expect(panel.getByText(/, the later one/)).toHaveTextContent(new RegExp(`^${later}`));
    await userEvent.click(panel.getByRole('button', { name: 'Keep all mine' }));
    await expect(syncOf(context).calls).toEqual([{ name: 'conflicts.resolve', args: ['c1', 'local'] }]);
  },
};

export const LongAndRightToLeftTexts: Story = {
  ...panelStory({ tab: 'conflicts', state: { conflicts: [longTexts] } }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await userEvent.click(await panel.findByText(/PIER-12/));
    const mine = within(within(panel.getByRole('group', { name: /body/ })).getByRole('group', { name: 'This device' }));
    await expect(mine.getByText('noon', { selector: 'ins' })).toBeVisible();
    await expect(mine.getByText('ten in the morning', { selector: 'del' })).toBeVisible();
    const detail = panel.getByRole('region', { name: 'Details' });
    await expect(detail.scrollWidth).toBeLessThanOrEqual(detail.clientWidth);
  },
};

export const InTheDark: Story = {
  ...panelStory({
    tab: 'conflicts',
    theme: 'dark',
    state: { conflicts: [longTexts, sameColumns], devices: [tablet] },
  }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await userEvent.click(await panel.findByText(/PIER-12/));
    await expect(panel.getByRole('button', { name: 'Resolve' })).toBeDisabled();
  },
};

export const AThousandAtOnce: Story = {
  ...panelStory({ tab: 'conflicts', state: { conflicts: manyConflicts(1_000) } }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    const list = await panel.findByRole('listbox', { name: 'Open conflicts' });
    await expect(within(list).getAllByRole('option').length).toBeLessThan(60);
    await userEvent.selectOptions(panel.getByRole('combobox', { name: 'Tables shown' }), 'issue_label');
    await userEvent.click(panel.getByRole('button', { name: 'Decide 500…' }));
    const question = within(panel.getByRole('alertdialog'));
    await userEvent.selectOptions(question.getByRole('combobox'), 'client-wins');
    await expect(question.getByRole('status')).toHaveTextContent('500 rows as this device has it, 0 rows');
    await userEvent.click(question.getByRole('button', { name: 'Decide them all' }));
    await waitFor(() => expect(syncOf(context).store.getState().status.conflictCount).toBe(500));
    const answer = syncOf(context).calls.find(({ name }) => name === 'conflicts.resolveAll');
    await expect(answer?.args).toEqual(['local', { table: 'issue_label' }]);
    await expect(await panel.findByText('Nothing to decide')).toBeVisible();
  },
};

export const ByTheLaterWrite: Story = {
  ...panelStory({ tab: 'conflicts', state: { conflicts: manyConflicts(8) } }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    // In the order of their mutations: a later one waits for the earlier.
    const first = [...syncOf(context).store.getState().conflicts].sort((a, b) => a.mutationId - b.mutationId)[0];
    await expect(
      within(await panel.findByRole('listbox', { name: 'Open conflicts' })).getAllByRole('option')[0],
    ).toHaveTextContent(String(first?.key.id ?? first?.key.issue_id));
    await userEvent.click(await panel.findByRole('button', { name: 'Decide 8…' }));
    const question = within(panel.getByRole('alertdialog'));
    await expect(question.getByRole('status')).toHaveTextContent(
      '6 rows as this device has it, 2 rows as the other side',
    );
    await userEvent.click(question.getByRole('button', { name: 'Decide them all' }));
    await waitFor(() => expect(syncOf(context).store.getState().status.conflictCount).toBe(0));
    await expect(syncOf(context).calls[0]).toEqual({ name: 'conflicts.resolveAll', args: ['later', {}] });
    const choices = syncOf(context)
      .store.getState()
      .conflicts.map((one) => one.resolution?.choice);
    await expect(choices.filter((choice) => choice === 'remote')).toHaveLength(2);
  },
};
