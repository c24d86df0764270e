import type { Meta, StoryObj } from '@storybook/react-vite';
import { expect, userEvent, waitFor, within } from 'storybook/test';
import { SyncError } from 'tidemark/core';
import {
  addedBelowDeleted,
  belowDeleted,
  decidedByPerson,
  decidedByPolicy,
  decidedByResolver,
  deletedHere,
  deletedLongAgo,
  deletedOverOthers,
  deletedThere,
  insertedTwice,
  longTexts,
  lostBelowDeleted,
  manyConflicts,
  partlyDecided,
  sameColumns,
} from '../fixtures/conflicts.ts';
import { ago } from '../fixtures/outbox.ts';
import { fill, panelIn, panelStory, syncOf } from '../fixtures/panel-story.tsx';
import { cellsOf, clock, colours, lookOf, textOf } from '../fixtures/read.ts';

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
    await expect(panel.getByText(/both values are kept and shown here/)).toBeVisible();
  },
};

export const Open: Story = {
  ...panelStory({
    tab: 'conflicts',
    state: { conflicts: [sameColumns, deletedThere, deletedHere], devices: [tablet] },
  }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    const rows = within(panel.getByRole('listbox', { name: 'Open conflicts' }))
      .getAllByRole('option')
      .map(textOf);
    await expect(rows[0]).toMatch(/^issue title, priority ?PIER-7update-update\d+ (s|min)$/);
    await expect(rows[1]).toMatch(/^issue title ?PIER-9update-delete/);
    await expect(rows[2]).toMatch(/^issue status ?PIER-10delete-update/);
    await expect(panel.getByText('update-update')).toHaveAttribute('data-tone', 'warn');
    await expect(panel.getByText('Select a conflict to decide it.')).toBeVisible();
    await expect(within(panel.getByRole('group', { name: 'Conflicts shown' })).getByText('Open 3')).toBeVisible();
    // One table: there is nothing to choose from.
    await expect(panel.queryByRole('combobox')).toBeNull();
    await expect(panel.getAllByRole('status')[0]).toHaveTextContent(/^Waiting for your decision ?3 open conflicts/);
    await userEvent.click(await panel.findByText('PIER-7'));
    await expect(panel.getByRole('option', { selected: true })).toHaveTextContent('PIER-7');
    const facts = textOf(panel.getByRole('article').querySelector('.facts-line'));
    await expect(facts).toMatch(
      new RegExp(
        `^this device ${clock(sameColumns.localAt)} \\(\\d+ min\\), the later oneTablet ${clock(sameColumns.remoteAt ?? 0)} ` +
          '\\(\\d+ min\\)mutation #42, against seq 1210$',
      ),
    );
    await expect(panel.getByText('Both sides changed the same columns.')).toBeVisible();
    await userEvent.click(panel.getByRole('button', { name: 'Choose mine for all' }));
    const chosen = () =>
      panel
        .getAllByRole<HTMLInputElement>('radio')
        .filter((one) => one.checked)
        .map((one) => textOf(one.closest('label')));
    await expect(chosen()).toEqual(['This device', 'This device']);
    await expect(panel.getByRole('button', { name: 'Resolve' })).toBeEnabled();
    const result = () => cellsOf(panel.getByRole('region', { name: 'Result' }));
    await expect(result()).toContainEqual(['title', 'Gulls nest on the north pier', 'this device']);
    await userEvent.click(panel.getByRole('button', { name: 'Choose theirs for all' }));
    await expect(chosen()).toEqual(['Tablet', 'Tablet']);
    await expect(result()).toContainEqual(['title', 'Gulls on the pier', 'the other side']);
    // What only this device changed is kept, and what both counted is added up.
    await expect(result()).toContainEqual(['body', 'They are loud, and there are chicks.', 'yours, no conflict']);
    await userEvent.click(panel.getByText('PIER-9'));
    await userEvent.click(panel.getByText('PIER-7'));
    await userEvent.click(panel.getAllByRole('radio', { name: 'This device' })[0] ?? canvasElement);
    await expect(panel.getByText('Choose a value for each column first.')).toBeVisible();
    await expect(panel.getByRole('button', { name: 'Resolve' })).toBeDisabled();
    await expect(result()).toContainEqual(['priority', 'not chosen yet', '']);
  },
};

export const OpenDeleted: Story = {
  ...panelStory({ tab: 'conflicts', state: { conflicts: [deletedThere, deletedHere] } }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await userEvent.click(await panel.findByText('PIER-10'));
    await expect(panel.getByText('You deleted this row; meanwhile it was changed.')).toBeVisible();
    await expect(panel.getByRole('button', { name: 'Keep the row as changed' })).toHaveClass('primary');
    await expect(panel.getByRole('button', { name: 'Delete the row' })).toHaveClass('danger');
    await expect(panel.getByRole('region', { name: 'This device' })).toHaveTextContent('Row deleted');
    const theirs = panel.getByRole('region', { name: 'The other side' });
    await expect(cellsOf(theirs)).toContainEqual(['status', 'open in progress']);
    await expect([...theirs.querySelectorAll('tr[data-changed=true]')].map(textOf)).toEqual(['statusopen in progress']);
    const { bad, ok } = colours(theirs);
    await expect(lookOf(within(theirs).getByText('open'))).toMatchObject({ color: bad, line: 'line-through' });
    await expect(lookOf(within(theirs).getByText('in progress'))).toMatchObject({ color: ok });
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
    const mine = title.getByRole('group', { name: 'This device' });
    await expect(mine).toHaveTextContent('Birds Gulls nest on the north pier');
    await expect(title.getByText('Base').nextElementSibling).toHaveTextContent('Birds on pier');
    const { ok, bad } = colours(mine);
    await expect(lookOf(within(mine).getByText('Birds', { selector: 'del' })).color).toBe(bad);
    await expect(lookOf(mine.querySelector('ins') ?? mine).color).toBe(ok);
    await expect(panel.getByRole('button', { name: 'Resolve' })).toBeDisabled();
    await expect(textOf(panel.getByRole('group', { name: /title/ }).querySelector('legend'))).toBe('title text');

    const typed = title.getByRole('textbox', { name: 'Value for title' });
    await fill(typed, 'Gulls, with chicks');
    await expect(typed).toHaveValue('Gulls, with chicks');
    const byHand = title.getByRole('radio', { name: 'Typed' });
    await expect(byHand).toBeChecked();
    // A side instead, and back to what was typed.
    await userEvent.click(title.getByRole('radio', { name: 'This device' }));
    await expect(byHand).not.toBeChecked();
    await expect(title.getByRole('group', { name: 'This device' })).toHaveAttribute('data-chosen', 'true');
    await userEvent.click(byHand);
    await expect(byHand).toBeChecked();
    const priority = within(panel.getByRole('group', { name: /priority/ }));
    await fill(priority.getByRole('textbox'), 'high');
    await expect(priority.getByRole('textbox')).toHaveAccessibleDescription(/whole number/);
    await expect(panel.getByRole('button', { name: 'Resolve' })).toBeDisabled();
    await userEvent.click(priority.getByRole('radio', { name: 'Tablet' }));
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
    await expect(await panel.findByText(/A person decided/)).toHaveTextContent(/: merged$/);
    await expect(panel.getByRole('button', { name: 'Open 1' })).toHaveAttribute('aria-pressed', 'true');
    await userEvent.click(panel.getByRole('button', { name: 'Past 2' }));
    await expect(panel.getByRole('listbox', { name: 'Past conflicts' })).toBeVisible();
    await userEvent.click(panel.getByRole('button', { name: 'Open 1' }));
  },
};

/** A server that says no, or an engine that cannot: the person keeps what they chose, and is told. */
export const CannotBeResolved: Story = {
  ...panelStory({ tab: 'conflicts', theme: 'dark', state: { conflicts: [sameColumns] } }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    await userEvent.click(await panel.findByText('PIER-7'));
    syncOf(context).failNext('conflicts.resolve', new SyncError('quota', 'The disk of this device is full.'));
    await userEvent.click(panel.getByRole('button', { name: 'Choose mine for all' }));
    await userEvent.click(panel.getByRole('button', { name: 'Resolve' }));
    await expect(await panel.findByRole('alert')).toHaveTextContent('The disk of this device is full.');
    await expect(panel.getByRole('button', { name: 'Resolve' })).toBeEnabled();
  },
};

export const Offline: Story = {
  ...panelStory({ tab: 'conflicts', state: { conflicts: [sameColumns], status: { phase: 'offline' } } }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(panel.getAllByRole('status')[0]).toHaveTextContent(/^Offline ?1 open conflict/);
    await userEvent.click(await panel.findByText('PIER-7'));
    await expect(panel.getByRole('button', { name: 'Keep all mine' })).toBeEnabled();
  },
};

/** Who is signed out can decide; it goes up once they are back. */
export const NeedsSignIn: Story = {
  ...panelStory({ tab: 'conflicts', state: { conflicts: [sameColumns], status: { phase: 'needs-auth' } } }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    await expect(panel.getAllByRole('status')[0]).toHaveTextContent(/^Needs sign-in ?1 open conflict/);
    await userEvent.click(await panel.findByText('PIER-7'));
    await userEvent.click(panel.getByRole('button', { name: 'Keep all mine' }));
    await expect(await panel.findByText(/A person decided/)).toBeVisible();
    await expect(panel.getAllByRole('status')[0]).toHaveTextContent(/^Needs sign-in/);
  },
};

export const Narrow: Story = {
  ...panelStory({ tab: 'conflicts', width: 380, state: { conflicts: [sameColumns, deletedThere] } }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await userEvent.click(await panel.findByText('PIER-7'));
    await expect(panel.queryByRole('listbox')).toBeNull();
    const detail = panel.getByRole('region', { name: 'Details' });
    await expect(detail.scrollWidth).toBeLessThanOrEqual(detail.clientWidth);
    await userEvent.click(panel.getByRole('button', { name: /Back/ }));
    await expect(panel.getByRole('listbox')).toBeVisible();
  },
};

export const DeletedOnTheOtherSide: Story = {
  ...panelStory({ tab: 'conflicts', state: { conflicts: [deletedThere, deletedHere] } }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    await userEvent.click(await panel.findByText('PIER-9'));
    await expect(panel.getByText('You changed this row; meanwhile it was deleted.')).toBeVisible();
    await expect(panel.getByText('Row deleted')).toBeVisible();
    await expect(panel.getByRole('button', { name: 'Keep the row with my changes' })).toHaveClass('primary');
    await expect(panel.getByRole('button', { name: 'Accept the deletion' })).toHaveClass('danger');
    await userEvent.click(panel.getByRole('button', { name: 'Keep the row with my changes' }));
    await expect(syncOf(context).calls).toEqual([{ name: 'conflicts.resolve', args: ['c2', 'local'] }]);
    await expect(await panel.findByText(/A person decided/)).toHaveTextContent(/: this device won$/);
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
    // Nothing waits for a person any more; the row can still be had back.
    await expect(await panel.findByText(/A person decided/)).toHaveTextContent(/: the row is deleted$/);
    await expect(panel.getAllByRole('status')[0]).toHaveTextContent(/^Everything is synced/);
    await userEvent.click(panel.getByRole('button', { name: /Restore/ }));
    await expect(await panel.findByText('Row of issue was written again.')).toBeVisible();
    await expect(syncOf(context).store.getState().outbox[0]?.changes).toMatchObject([{ op: 'put', key: ['PIER-9'] }]);
  },
};

/** Work below rows that somebody deleted: what is above comes back with it, or stays away with it. */
export const BelowDeletedRows: Story = {
  ...panelStory({ tab: 'conflicts', state: { conflicts: [belowDeleted, addedBelowDeleted], devices: [tablet] } }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    const list = within(await panel.findByRole('listbox', { name: 'Open conflicts' }));
    await userEvent.click(list.getByText(/PIER-7, birds/));
    const detail = () => within(panel.getByRole('article'));
    const related = () => detail().getByText('Deleted above it, and back with it if it is kept:').closest('p');
    await expect(
      detail().getByText('You changed this row; meanwhile it was deleted, and the issue above it too.'),
    ).toBeVisible();
    await expect(textOf(related())).toMatch(/issue PIER-7$/);
    await expect(panel.getByRole('region', { name: 'The other side' })).toHaveTextContent('Row deleted');
    await expect(detail().getByRole('button', { name: 'Accept the deletion' })).toHaveClass('danger');
    await expect(detail().getByRole('button', { name: 'Keep my row, and bring its issue back' })).toHaveClass(
      'primary',
    );

    await userEvent.click(list.getByText(/PIER-7, urgent/));
    await expect(detail().getByText('You added this row below an issue that was deleted meanwhile.')).toBeVisible();
    await expect(textOf(related())).toMatch(/issue PIER-7$/);
    // There never was such a row over there.
    await expect(panel.getByRole('region', { name: 'The other side' })).toHaveTextContent('No such row');
    await expect(detail().getByRole('button', { name: 'Accept the deletion, and give my row up' })).toHaveClass(
      'danger',
    );
    await userEvent.click(detail().getByRole('button', { name: 'Keep my row, and bring its issue back' }));
    await expect(syncOf(context).calls).toEqual([{ name: 'conflicts.resolve', args: ['c11', 'local'] }]);
  },
};

/** What others did below a row that was deleted here is named before anybody decides. */
export const DeletedOverWorkOfOthers: Story = {
  ...panelStory({ tab: 'conflicts', theme: 'dark', state: { conflicts: [deletedOverOthers], devices: [tablet] } }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    await userEvent.click(await panel.findByRole('option'));
    const detail = within(panel.getByRole('article'));
    await expect(detail.getByText('You deleted this row; meanwhile others worked on rows below it.')).toBeVisible();
    await expect(textOf(detail.getByText('Below it meanwhile:').closest('p'))).toBe(
      'Below it meanwhile:issue_label issue_id=PIER-7, label=birdsissue_label issue_id=PIER-7, label=urgent',
    );
    await userEvent.click(detail.getByRole('button', { name: 'Keep the row as changed' }));
    await expect(syncOf(context).calls).toEqual([{ name: 'conflicts.resolve', args: ['c12', 'remote'] }]);
    await expect(await panel.findByText(/A person decided/)).toHaveTextContent(/: the other side won$/);
    // No column was in conflict: there is nothing to compare.
    await expect(panel.queryByRole('region', { name: 'Values' })).toBeNull();
  },
};

/** A row that lost is written again together with the one above it: alone it would lie nowhere. */
export const RestoreBelowDeletedRows: Story = {
  ...panelStory({ tab: 'conflicts', state: { conflicts: [lostBelowDeleted], devices: [tablet] } }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    await userEvent.click(await panel.findByRole('option'));
    await userEvent.click(await panel.findByRole('button', { name: 'Restore Row of issue_label of this device' }));
    await expect(await panel.findByText('Row of issue_label was written again.')).toBeVisible();
    await expect(syncOf(context).store.getState().outbox.at(-1)?.changes).toMatchObject([
      { table: 'issue', key: ['PIER-7'], op: 'put', columns: { title: 'Birds on pier' } },
      { table: 'issue_label', key: ['PIER-7', 'birds'], op: 'put', columns: { added_by: 'Ivo' } },
    ]);
  },
};

export const WithoutServer: Story = {
  ...panelStory({ tab: 'conflicts', state: { status: { phase: 'local' } } }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(panel.getByText('No server, no conflicts')).toBeVisible();
    await expect(panel.getByText('Nobody else changes what is here.')).toBeVisible();
  },
};

export const Opening: Story = {
  ...panelStory({ tab: 'conflicts', state: { clientId: null, status: { phase: 'starting' } } }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(panel.getByText('The database is opening')).toBeVisible();
    await expect(panel.getByText('Its conflicts appear here.')).toBeVisible();
  },
};

export const History: Story = {
  ...panelStory({ tab: 'conflicts', state: { conflicts: [decidedByPolicy, decidedByPerson], devices: [tablet] } }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    const rows = await panel.findAllByRole('option');
    await expect(panel.getByText('Select a conflict to see how it was decided.')).toBeVisible();
    await userEvent.click(rows[1] ?? canvasElement);
    await expect(panel.getByRole('option', { selected: true })).toBe(rows[1]);
    const detail = within(await panel.findByRole('article'));
    await expect(textOf(rows[0])).toMatch(/^issue title, priority ?PIER-7update-update\d+ (s|min)$/);
    await expect(detail.getByText(/^The policy last-write-wins, server-wins decided/)).toHaveTextContent(/: merged$/);
    await expect(cellsOf(detail.getByRole('region', { name: 'Values' }))).toEqual([
      ['Column', 'Base', 'This device', 'Other side', 'Result'],
      [
        'title last-write-wins',
        'Birds on pier',
        'Gulls nest on the north pier',
        'Gulls on the pier',
        'Gulls nest on the north pier',
      ],
      ['priority server-wins', '1', '2', '4', '4'],
    ]);
    const lost = [...detail.getByRole('region', { name: 'Values' }).querySelectorAll('[data-label=lost]')];
    await expect(lost.map(textOf)).toEqual(['Gulls on the pier', '2']);
    await expect(lookOf(lost[0]?.firstElementChild ?? canvasElement).line).toBe('line-through');
    await expect(rows[0]?.querySelector('.badge')).toHaveAttribute('data-tone', 'idle');
    await userEvent.click(rows[0] ?? canvasElement);
    await expect(await panel.findByText(/^A person decided/)).toHaveTextContent(/: merged$/);
    await expect(panel.getAllByText('Gulls nest on the pier')[0]).toBeVisible();
  },
};

/** The app's own resolver decided; a counter never loses, so that there is nothing of it to restore. */
export const DecidedByTheApp: Story = {
  ...panelStory({ tab: 'conflicts', theme: 'dark', state: { conflicts: [decidedByResolver], devices: [tablet] } }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await userEvent.click(await panel.findByRole('option'));
    await expect(await panel.findByText(/^The app's resolver decided/)).toHaveTextContent(/: the other side won$/);
    const losing = within(panel.getByRole('region', { name: 'Restore' }))
      .getAllByRole('listitem')
      .map(textOf);
    await expect(losing).toEqual([expect.stringMatching(/^title this device ?Gulls nest on the north pier/)]);
  },
};

/** A column whose own policy could have decided alone is chosen already; two columns tell the key of a row. */
export const PartlyDecidedAlready: Story = {
  ...panelStory({ tab: 'conflicts', state: { conflicts: [partlyDecided], devices: [tablet] } }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await userEvent.click(await panel.findByRole('option'));
    await expect(panel.getByRole('heading', { level: 3 })).toHaveTextContent(
      'issue_label issue_id=PIER-7, label=birds',
    );
    await expect(
      within(panel.getByRole('group', { name: /colour/ })).getByRole('radio', { name: 'Tablet' }),
    ).toBeChecked();
    await expect(
      within(panel.getByRole('group', { name: /weight/ })).getByRole('radio', { name: 'This device' }),
    ).toBeChecked();
    await expect(panel.getByRole('button', { name: 'Resolve' })).toBeDisabled();
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
    await expect(await losing.findByText('title was written again.')).toHaveAttribute('role', 'status');
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
    await expect(panel.getByText(/, the later one/)).toHaveTextContent(clock(sameColumns.localAt));
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
    const tables = panel.getByRole('combobox', { name: 'Tables shown' });
    await expect(within(tables).getAllByRole('option').map(textOf)).toEqual(['All tables', 'issue', 'issue_label']);
    await expect(panel.queryByText(/are listed$/)).toBeNull();
    await userEvent.selectOptions(tables, 'issue_label');
    await expect(tables).toHaveValue('issue_label');
    await userEvent.click(panel.getByRole('button', { name: 'Decide 500…', expanded: false }));
    await expect(panel.getByRole('button', { name: 'Decide 500…', expanded: true })).toBeVisible();
    await expect(panel.getByRole('alertdialog', { name: 'Decide 500 conflicts of issue_label?' })).toBeVisible();
    await userEvent.click(panel.getByRole('button', { name: 'Cancel' }));
    await expect(syncOf(context).calls).toEqual([]);
    await userEvent.click(panel.getByRole('button', { name: 'Decide 500…' }));
    const question = within(panel.getByRole('alertdialog'));
    await userEvent.selectOptions(question.getByRole('combobox'), 'client-wins');
    await expect(question.getByRole('status')).toHaveTextContent('500 rows as this device has it, 0 rows');
    await userEvent.click(question.getByRole('button', { name: 'Decide them all' }));
    await waitFor(() => expect(syncOf(context).store.getState().status.conflictCount).toBe(500));
    const answer = syncOf(context).calls.find(({ name }) => name === 'conflicts.resolveAll');
    await expect(answer?.args).toEqual(['local', { table: 'issue_label' }]);
    await expect(await panel.findByText('Nothing to decide')).toBeVisible();
    await expect(panel.queryByRole('button', { name: /^Decide \d/ })).toBeNull();
  },
};

/** The store has the first of them; the server knows how many there are. */
export const MoreThanAreListed: Story = {
  ...panelStory({ tab: 'conflicts', state: { conflicts: manyConflicts(4), status: { conflictCount: 1_004 } } }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    await expect(await panel.findByRole('button', { name: 'Open 1,004', pressed: true })).toBeVisible();
    await expect(panel.getByText('the first 4 are listed')).toBeVisible();
    await userEvent.click(panel.getByRole('button', { name: 'Decide 4…' }));
    const question = within(panel.getByRole('alertdialog', { name: 'Decide 4 conflicts?' }));
    await expect(question.getByRole('status')).toHaveTextContent('and all that are not listed yet by the same policy.');
    syncOf(context).failNext('conflicts.resolveAll', new SyncError('network', 'The server could not be reached.'));
    await userEvent.click(question.getByRole('button', { name: 'Decide them all' }));
    await expect(await question.findByRole('alert')).toHaveTextContent('could not be reached');
    await userEvent.click(question.getByRole('button', { name: 'Cancel' }));
    await userEvent.click(panel.getByRole('button', { name: 'Past 0' }));
    await expect(await panel.findByText('None was decided yet')).toBeVisible();
  },
};

export const ByTheLaterWrite: Story = {
  ...panelStory({ tab: 'conflicts', state: { conflicts: manyConflicts(8).reverse() } }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    // In the order of their mutations: a later one waits for the earlier.
    const rows = within(await panel.findByRole('listbox', { name: 'Open conflicts' })).getAllByRole('option');
    await expect(rows.map((row) => textOf(row).match(/PIER-\d/)?.[0])).toEqual(
      Array.from({ length: 8 }, (_, index) => `PIER-${index + 1}`),
    );
    await userEvent.click(await panel.findByRole('button', { name: 'Decide 8…' }));
    const question = within(panel.getByRole('alertdialog'));
    const policy = question.getByRole('combobox', { name: 'By the policy' });
    await expect(within(policy).getAllByRole('option').map(textOf)).toEqual([
      'last-write-wins: the later write wins',
      'client-wins: this device wins',
      'server-wins: the other side wins',
    ]);
    await expect(
      question.getByText(/What loses stays readable under Past, and can be restored there\.$/),
    ).toBeVisible();
    await userEvent.selectOptions(policy, 'server-wins');
    await expect(policy).toHaveValue('server-wins');
    await expect(question.getByRole('status')).toHaveTextContent('0 rows as this device has it, 8 rows');
    await userEvent.selectOptions(question.getByRole('combobox'), 'last-write-wins');
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
