import type { Meta, StoryObj } from '@storybook/react-vite';
import { expect, spyOn, userEvent, waitFor, within } from 'storybook/test';
import type { OutboxImport } from 'tidemark/core';
import { sameColumns } from '../fixtures/conflicts.ts';
import {
  awkwardOutbox,
  entry,
  longOutbox,
  mixedOutbox,
  newIssue,
  rejected,
  rejectedInsert,
  retitle,
} from '../fixtures/outbox.ts';
import { fill, hasFocus, panelIn, panelStory, syncOf } from '../fixtures/panel-story.tsx';
import { cellsOf, colours, lookOf, textOf } from '../fixtures/read.ts';
import { savedText } from '../fixtures/saved.ts';

const meta: Meta = { title: 'Devtools/Queue', parameters: { layout: 'fullscreen' } };
export default meta;

type Story = StoryObj;

/** One of each state, and the conflict that one of them waits for. */
const mixed = () => ({ outbox: mixedOutbox(), conflicts: [sameColumns] });

export const Empty: Story = {
  ...panelStory({ tab: 'queue' }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(panel.getByText('The queue is empty')).toBeVisible();
    await expect(panel.getByText('Every write of this device has reached the server.')).toBeVisible();
    await expect(panel.getByRole('button', { name: 'Import…' })).toBeEnabled();
  },
};

export const Opening: Story = {
  ...panelStory({ tab: 'queue', state: { clientId: null, status: { phase: 'starting' } } }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(panel.getByText('The database is being opened')).toBeVisible();
  },
};

export const WithoutServer: Story = {
  ...panelStory({ tab: 'queue', state: { status: { phase: 'local' } } }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(panel.getByText('No server, no queue')).toBeVisible();
    await expect(panel.getByText('Writes stay on this device.')).toBeVisible();
  },
};

/** Somebody else signed in: what waits here is not for them, and they are told whose it is. */
export const OfAnotherPerson: Story = {
  ...panelStory({
    tab: 'queue',
    state: {
      status: {
        phase: 'error',
        error: {
          kind: 'forbidden',
          message: 'The data on this device belong to mara. Sign in as mara, or wipe the device.',
          details: { localSubject: 'mara' },
        },
      },
    },
  }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(panel.getByText('Not for the person signed in')).toBeVisible();
    await expect(panel.getByText(/belong to mara/, { selector: 'p:not(.empty-title)' })).toBeVisible();
  },
};

export const EveryState: Story = {
  ...panelStory({ tab: 'queue', state: mixed }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    const list = panel.getByRole('listbox', { name: 'Mutations' });
    await waitFor(() => expect(within(list).getAllByRole('option')).toHaveLength(7));
    const states = within(list)
      .getAllByRole('option')
      .map((row) => row.querySelector('.badge')?.textContent);
    const words = { pending: 'waiting', sent: 'sent', accepted: 'accepted', parked: 'parked', conflicted: 'conflict' };
    await expect(states).toEqual(mixedOutbox().map(({ state }) => ({ ...words, rejected: 'rejected' })[state]));
    const tones = within(list)
      .getAllByRole('option')
      .map((row) => row.querySelector<HTMLElement>('.badge')?.dataset.tone);
    await expect(tones).toEqual(['ok', 'bad', 'idle', 'warn', 'busy', 'busy', 'busy']);
    const rows = within(list).getAllByRole('option').map(textOf);
    await expect(rows[0]).toMatch(/^#39issue insert ?PIER-8accepted\d min$/);
    await expect(rows[1]).toMatch(/^#40issue update title, priority ?issue.priority must lie.*rejected\d min$/);
    await expect(rows[4]).toMatch(/^#43issue, issue_label insert 1 row, update 1 row, delete 1 row ?sent\d+ s$/);
    await expect(rows[5]).toMatch(/^#44issue_label delete ?issue_id=PIER-7, label=birdswaiting\d+ s$/);
    await expect(panel.getByText('7 mutations')).toHaveAttribute('role', 'status');
    await expect(panel.getAllByRole('status')[0]).toHaveTextContent(/^4 changes waiting.*1 open conflict, 1 rejected/);
    await userEvent.click(within(list).getByText('#43'));
    const detail = panel.getByRole('article', { name: 'Mutation 43' });
    await expect(within(detail).getByRole('heading', { level: 3 })).toHaveTextContent(/^Mutation #43 sent$/);
    await expect(within(detail).getByText(/^base seq/)).toHaveAttribute(
      'title',
      expect.stringMatching(/^HLC 019aa1b2c3d40000, \d{4}-/),
    );
    await expect(within(detail).getByText('Gulls nest on the north pier')).toBeVisible();
    await expect(within(detail).getByText('Birds on pier')).toBeVisible();
    await expect(within(detail).getByText('+1')).toBeVisible();
    await expect(textOf(detail.querySelector('.facts-line'))).toMatch(
      /^written [\d:]+ \(\d+ s\)1 attempt3 changes640 Bbase seq 1204$/,
    );
    // Nobody knows whether the server has it: it can be neither changed nor thrown away.
    for (const name of ['Retry', 'Edit', 'Discard…']) {
      await expect(within(detail).queryByRole('button', { name })).toBeNull();
    }
    const update = within(detail).getByRole('table', { name: 'Columns of issue PIER-7' });
    await expect(cellsOf(update)).toEqual([
      ['Column', 'Old', 'New'],
      ['title', 'Birds on pier', 'Gulls nest on the north pier'],
      ['priority', '1', '2'],
      ['votes', '11', '12 +1'],
    ]);
    const { bad, ok } = colours(list);
    await expect(lookOf(within(update).getByText('Birds on pier'))).toMatchObject({ color: bad, line: 'line-through' });
    await expect(lookOf(within(update).getByText('Gulls nest on the north pier'))).toMatchObject({ color: ok });
    const insert = within(detail).getByRole('table', { name: 'Columns of issue PIER-8' });
    await expect(cellsOf(insert).slice(0, 3)).toEqual([
      ['Column', 'New'],
      ['title', 'Paint the harbour rail'],
      ['body', 'null'],
    ]);
    const deletion = within(detail).getByRole('table', { name: 'Columns of issue_label issue_id=PIER-7, label=birds' });
    await expect(cellsOf(deletion)).toEqual([
      ['Column', 'Old'],
      ['added_by', 'Mara'],
    ]);
    await expect(within(detail).getAllByRole('heading', { level: 4 }).map(textOf)).toEqual([
      'insert issue PIER-8',
      'update issue PIER-7',
      'delete issue_label issue_id=PIER-7, label=birds',
    ]);
    await userEvent.click(within(list).getByText('#41'));
    await expect(await panel.findByText('waits behind mutation #40 on the same row')).toBeVisible();
    list.focus();
    for (const [key, mutationId] of [
      ['Home', 39],
      ['ArrowDown', 40],
      ['ArrowUp', 39],
      ['PageDown', 45],
      ['PageUp', 39],
    ] as const) {
      await userEvent.keyboard(`{${key}}`);
      await expect(await panel.findByRole('article', { name: `Mutation ${mutationId}` })).toBeVisible();
      await expect(within(list).getByRole('option', { selected: true })).toHaveTextContent(`#${mutationId}`);
    }
    await userEvent.click(within(list).getByText('#43'));
    await userEvent.selectOptions(panel.getByRole('combobox', { name: 'States shown' }), 'rejected');
    await waitFor(() => expect(within(panel.getByRole('listbox')).getAllByRole('option')).toHaveLength(1));
    await expect(panel.getByText('1 mutation')).toBeVisible();
    await fill(panel.getByRole('searchbox'), 'no such row');
    await expect(await panel.findByText('Nothing matches.')).toBeVisible();
    await userEvent.selectOptions(panel.getByRole('combobox', { name: 'States shown' }), 'all');
    await userEvent.selectOptions(panel.getByRole('combobox', { name: 'Tables shown' }), 'issue_label');
    await fill(panel.getByRole('searchbox', { name: 'Filter by row key' }), 'pier-7');
    await waitFor(() => expect(within(panel.getByRole('listbox')).getAllByRole('option')).toHaveLength(2));
    await fill(panel.getByRole('searchbox'), '');
    await userEvent.selectOptions(panel.getByRole('combobox', { name: 'Tables shown' }), 'all');
  },
};

export const EditARejectedMutation: Story = {
  ...panelStory({ tab: 'queue', state: { outbox: [rejected] } }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    await userEvent.click(await panel.findByText('#40'));
    const detail = panel.getByRole('article');
    await expect(within(detail).getByRole('alert')).toHaveTextContent(
      /^rejected issue.priority must lie between 1 and 5/,
    );
    await expect(within(detail).queryByRole('button', { name: /conflict/ })).toBeNull();
    await expect(within(detail).getByRole('button', { name: 'Retry' })).toHaveClass('primary');
    await userEvent.click(within(detail).getByRole('button', { name: 'Edit' }));
    const form = within(detail).getByRole('form', { name: 'Edit mutation 40' });
    await expect(hasFocus(within(form).getByRole('textbox', { name: 'title' }))).toBe(true);
    await expect(within(form).getByText('update issue', { exact: false, selector: 'legend' })).toHaveTextContent(
      'PIER-3',
    );
    await expect([...form.querySelectorAll('.field-name')].map(textOf)).toEqual(['title text', 'priority integer']);
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
    await waitFor(() => expect(panel.queryByRole('form')).toBeNull());
  },
};

export const Editor: Story = {
  ...panelStory({ tab: 'queue', state: { outbox: [rejectedInsert] } }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    await userEvent.click(await panel.findByText('#46'));
    await userEvent.click(panel.getByRole('button', { name: 'Edit' }));
    syncOf(context).failNext('outbox.edit', new Error('The database disk image is malformed.'));
    await userEvent.click(panel.getByRole('button', { name: 'Save and send again' }));
    await expect(await panel.findByText('The database disk image is malformed.')).toHaveAttribute('role', 'alert');
    await fill(panel.getByRole('textbox', { name: 'due' }), 'soon');
    panel.getByRole('textbox', { name: 'due' }).focus();
    await userEvent.keyboard('{Escape}');
    await waitFor(() => expect(panel.queryByRole('form')).toBeNull());
    await userEvent.click(panel.getByRole('button', { name: 'Edit' }));
    // What was typed before is gone with the form.
    await expect(panel.getByRole('textbox', { name: 'due' })).toHaveValue('2026-07-01');
    await userEvent.click(panel.getByRole('button', { name: 'Cancel' }));
    await expect(syncOf(context).calls.map(({ name }) => name)).toEqual(['outbox.edit']);
    await userEvent.click(await panel.findByRole('button', { name: 'Edit' }));
    const body = panel.getByRole('textbox', { name: 'body' });
    await expect(body).toBeDisabled();
    await userEvent.click(panel.getAllByRole('checkbox', { name: 'null' })[0] ?? body);
    await expect(body).toBeEnabled();
    await fill(panel.getByRole('textbox', { name: 'labels' }), '[paint');
    await expect(panel.getByRole('textbox', { name: 'labels' })).toHaveAccessibleDescription(/JSON/);
    await fill(panel.getByRole('textbox', { name: 'labels' }), '["paint"]');
    await fill(panel.getByRole('textbox', { name: 'due' }), 'soon');
    await expect(panel.getByRole('textbox', { name: 'due' })).toHaveAccessibleDescription(/no YYYY-MM-DD/);
    await expect(panel.getByRole('button', { name: 'Save and send again' })).toBeDisabled();
  },
};

export const DiscardQuestion: Story = {
  ...panelStory({ tab: 'queue', state: mixed }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    await userEvent.click(await panel.findByText('#42'));
    await userEvent.click(panel.getByRole('button', { name: 'Discard…' }));
    const question = panel.getByRole('alertdialog', { name: 'Discard mutation #42?' });
    await expect(question).toHaveTextContent('1 change will be undone on this device and never sent:');
    await expect(question).toHaveTextContent('The columns go back');
    await expect(cellsOf(question)).toEqual([
      ['Column', 'Old', 'New'],
      ['title', 'Gulls nest on the north pier', 'Birds on pier'],
      ['priority', '2', '1'],
      ['votes', '12', '11 −1'],
    ]);
    await userEvent.keyboard('{Escape}');
    await waitFor(() => expect(panel.queryByRole('alertdialog')).toBeNull());
    await userEvent.click(panel.getByRole('button', { name: 'Discard…' }));
    await userEvent.click(within(panel.getByRole('alertdialog')).getByRole('button', { name: 'Keep it' }));
    await waitFor(() => expect(panel.queryByRole('alertdialog')).toBeNull());
    await expect(syncOf(context).calls).toEqual([]);
    await userEvent.click(panel.getByRole('button', { name: 'Discard…' }));
  },
};

/** So many changes that only the first of them are told of one by one. */
export const DiscardOfMany: Story = {
  ...panelStory({
    tab: 'queue',
    state: {
      outbox: [
        entry(49, {
          changes: Array.from({ length: 25 }, (_, index) => ({ ...newIssue, key: [`PIER-${index}`] })),
        }),
      ],
    },
  }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    await userEvent.click(await panel.findByText('#49'));
    await userEvent.click(panel.getByRole('button', { name: 'Discard…' }));
    const question = within(panel.getByRole('alertdialog'));
    await expect(question.getByText('25 changes will be undone on this device and never sent:')).toBeVisible();
    const headings = question.getAllByRole('heading', { level: 4 }).map(textOf);
    await expect(headings).toHaveLength(1 + 20);
    await expect(headings[1]).toBe('The row is removed again issue PIER-0');
    await expect(question.getByText('and 5 more changes')).toBeVisible();
    const { promise, resolve } = Promise.withResolvers<void>();
    spyOn(syncOf(context).outbox, 'discard').mockReturnValue(promise);
    await userEvent.click(question.getByRole('button', { name: 'Discard' }));
    await expect(question.getByText('Working…')).toHaveAttribute('aria-live', 'polite');
    await expect(question.getByRole('button', { name: 'Discard' })).toBeDisabled();
    resolve();
    await waitFor(() => expect(question.queryByText('Working…')).toBeNull());
  },
};

export const DiscardAfterConfirmation: Story = {
  ...panelStory({ tab: 'queue', state: mixed }),
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
    state: { outbox: huge.slice(0, 1_000), status: { pendingCount: huge.length } },
  }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    const list = panel.getByRole('listbox', { name: 'Mutations' });
    list.focus();
    await userEvent.keyboard('{End}');
    await expect(await panel.findByText('#100000', {}, { timeout: 5_000 })).toBeVisible();
    await expect(within(list).getAllByRole('option').length).toBeLessThan(60);
    await expect(panel.getByRole('article', { name: 'Mutation 100000' })).toHaveTextContent('PIER-100000');
    await expect(panel.getByText('100,000 mutations')).toBeVisible();
    await expect(panel.getByRole('tab', { name: /^Queue/ })).toHaveTextContent('Queue100,000');
    await fill(panel.getByRole('searchbox', { name: 'Filter by row key' }), 'PIER-77777');
    await expect(await panel.findByText('#77777', {}, { timeout: 5_000 })).toBeVisible();
    await expect(panel.getByText('1 mutation')).toBeVisible();
  },
};

export const Narrow: Story = {
  ...panelStory({ tab: 'queue', width: 360, state: mixed }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await userEvent.click(await panel.findByText('#42'));
    await expect(panel.queryByRole('listbox')).toBeNull();
    await userEvent.click(panel.getByRole('button', { name: /Back/ }));
    await expect(panel.getByRole('listbox')).toBeVisible();
  },
};

/** Narrow and high, as at the side of a page: what is selected stands below the list, and both are in sight. */
export const AtTheSideOfAPage: Story = {
  ...panelStory({ tab: 'queue', width: 480, height: 760, state: mixed }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await userEvent.click(await panel.findByText('#42'));
    const list = panel.getByRole('listbox', { name: 'Mutations' });
    const detail = panel.getByRole('article', { name: 'Mutation 42' });
    await expect(list).toBeVisible();
    await expect(detail.getBoundingClientRect().top).toBeGreaterThanOrEqual(list.getBoundingClientRect().bottom);
    await expect(list.clientHeight).toBeGreaterThan(100);
    await expect(panel.queryByRole('button', { name: /Back/ })).toBeNull();
    await userEvent.click(within(list).getByText('#43'));
    await expect(await panel.findByRole('article', { name: 'Mutation 43' })).toBeVisible();
    // The list leaves to the details what its rows do not need.
    await userEvent.selectOptions(panel.getByRole('combobox', { name: 'States shown' }), 'rejected');
    await waitFor(() => expect(within(list).getAllByRole('option')).toHaveLength(1));
    await userEvent.click(within(list).getByRole('option'));
    await waitFor(() => expect(list.clientHeight).toBeLessThan(60));
  },
};

/** The same in dark colours, so that their contrast is looked at as well. */
export const EveryStateInTheDark: Story = {
  ...panelStory({ tab: 'queue', theme: 'dark', state: mixed }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await userEvent.click(await panel.findByText('#40'));
    await expect(panel.getByRole('alert')).toHaveTextContent('must lie between 1 and 5');
    await userEvent.click(panel.getByRole('button', { name: 'Discard…' }));
    await expect(panel.getByRole('alertdialog')).toHaveTextContent(/not applied here any more.*for good/);
  },
};

export const LongAndRightToLeftValues: Story = {
  ...panelStory({ tab: 'queue', state: { outbox: awkwardOutbox } }),
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
    state: { outbox: [rejected, rejectedInsert, entry(47)] },
  }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    await userEvent.click(await panel.findByRole('button', { name: 'Retry all rejected' }));
    await waitFor(() => expect(panel.queryByText('rejected', { selector: '.badge' })).toBeNull());
    await expect(syncOf(context).calls).toEqual([{ name: 'outbox.retryAll', args: [{}] }]);
  },
};

export const RetryMany: Story = {
  ...panelStory({ tab: 'queue', state: { outbox: [rejected, rejectedInsert] } }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    // As long as it is not stopped.
    const retryAll = spyOn(syncOf(context).outbox, 'retryAll').mockImplementation(
      (_filter, { onProgress, signal } = {}) =>
        new Promise((resolve) => {
          onProgress?.({ doneCount: 12_000, totalCount: 100_000 });
          signal?.addEventListener('abort', () => resolve(12_000));
        }),
    );
    await userEvent.click(await panel.findByRole('button', { name: 'Retry all rejected' }));
    await expect(await panel.findByText('Retrying 12,000 of 100,000')).toBeVisible();
    await expect(panel.getByRole('progressbar', { name: 'Retrying' })).toHaveAttribute('value', '12000');
    await expect(panel.getByRole('button', { name: 'Retry all rejected' })).toBeDisabled();
    // It goes on, and is there again, while another view is looked at.
    await userEvent.click(panel.getByRole('tab', { name: /^Overview/ }));
    await userEvent.click(panel.getByRole('tab', { name: /^Queue/ }));
    await expect(await panel.findByText('Retrying 12,000 of 100,000')).toBeVisible();
    await userEvent.click(panel.getByRole('button', { name: 'Stop' }));
    await waitFor(() => expect(panel.queryByRole('progressbar')).toBeNull());
    await expect(panel.getByRole('button', { name: 'Retry all rejected' })).toBeEnabled();
    retryAll.mockRestore();
  },
};

export const RetryAllOfATable: Story = {
  ...panelStory({ tab: 'queue', state: { outbox: [rejected, rejectedInsert] } }),
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
  ...panelStory({ tab: 'queue', state: { outbox: [rejected, rejectedInsert] } }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    await userEvent.click(await panel.findByText('#40'));
    await userEvent.click(panel.getByRole('button', { name: 'Retry' }));
    await waitFor(() => expect(syncOf(context).calls).toEqual([{ name: 'outbox.retry', args: [40] }]));
    const { promise, reject } = Promise.withResolvers<never>();
    spyOn(syncOf(context).outbox, 'retry').mockReturnValue(promise);
    await userEvent.click(panel.getByText('#46'));
    const again = await panel.findByRole('button', { name: 'Retry' });
    await userEvent.click(again);
    await expect(again).toBeDisabled();
    reject(new Error('The database is being closed.'));
    await expect(await panel.findByText('The database is being closed.')).toHaveAttribute('role', 'alert');
    await expect(again).toBeEnabled();
  },
};

export const ImportAFile: Story = {
  ...panelStory({ tab: 'queue', state: { outbox: [entry(47)] } }),
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
      await expect(within(question).getByText(/the policy of the table decides/)).toBeVisible();
      await userEvent.click(within(question).getByRole('button', { name: 'Write it again' }));
    };
    await choose(text);
    await userEvent.click(await panel.findByRole('button', { name: 'Cancel' }));
    await expect(sync.calls.map(({ name }) => name)).not.toContain('outbox.import');
    await upload('no file of ours');
    await expect(await panel.findByRole('alert')).toHaveTextContent('no export of an outbox');
    await upload(text);
    await expect(await panel.findByText('0 mutations written again, 1 left out.')).toBeVisible();
    await expect(panel.getByText('It still waits on this device.', { exact: false })).toHaveTextContent('#47');
    await upload(text.replace('"mutationId":47', '"mutationId":12'));
    await expect(await panel.findByText('1 mutation written again.')).toBeVisible();
    await expect(await panel.findByText('#48')).toBeVisible();
  },
};

/** What became of a file is told in full, and put away by hand. */
export const WhatBecameOfAFile: Story = {
  ...panelStory({ tab: 'queue', state: { outbox: [entry(47)] } }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    const input = panel.getByLabelText<HTMLInputElement>('File of unsent work');
    const chooser = spyOn(input, 'click').mockReturnValue();
    const importing = spyOn(syncOf(context).outbox, 'import');
    await userEvent.click(panel.getByRole('button', { name: 'Import…' }));
    await expect(chooser).toHaveBeenCalledTimes(1);
    chooser.mockRestore();
    const write = async (ending: Promise<OutboxImport>) => {
      importing.mockImplementation((_text, { onProgress } = {}) => {
        onProgress?.({ doneCount: 300, totalCount: 1_000 });
        return ending;
      });
      await userEvent.upload(input, new File(['{}'], 'outbox.json', { type: 'application/json' }));
      const question = within(await panel.findByRole('alertdialog'));
      await expect(question.getByText(/^Each mutation of the file is written anew on this device/)).toBeVisible();
      await userEvent.click(question.getByRole('button', { name: 'Write it again' }));
    };
    const { promise, resolve } = Promise.withResolvers<OutboxImport>();
    await write(promise);
    await expect(await panel.findByText('Writing 300 of 1,000')).toBeVisible();
    await expect(panel.getByRole('button', { name: 'Importing…' })).toBeDisabled();
    const skipped = ['a', 'a', 'b', 'c', 'd', 'e', 'f', 'g'].map((reason, index) => ({
      mutationId: index + 1,
      reason,
    }));
    resolve({ writtenCount: 992, history: 'other', skipped });
    const result = () => panel.getByText(/^992 mutations written again, 8 left out\.$/).closest('.notice');
    await waitFor(() => expect(result()).toHaveAttribute('data-tone', 'warn'));
    await expect(textOf(result())).toMatch(
      /^992 .* left out\.The file is of another history: .*#1 and 1 more: a#3 b#4 c#5 d#6 eand for 2 other reasonsDismiss$/,
    );
    await expect(result()?.querySelector('[role=status]')).not.toBeNull();
    await userEvent.click(panel.getByRole('button', { name: 'Dismiss' }));
    await expect(panel.queryByText(/left out/)).toBeNull();
    await write(Promise.resolve({ writtenCount: 1, history: 'untold', skipped: [] }));
    const whole = await panel.findByText('1 mutation written again.');
    await expect(whole.closest('.notice')).toHaveAttribute('data-tone', 'ok');
    await expect(panel.getByText(/^The file does not tell what its writer had seen/)).toBeVisible();
    // The next file takes its place.
    await write(Promise.resolve({ writtenCount: 0, history: 'same', skipped: [] }));
    await expect(await panel.findByText('0 mutations written again.')).toBeVisible();
    await expect(panel.queryByText(/is met as a conflict/)).toBeNull();
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
    // Nothing was rejected: there is nothing to retry.
    await expect(panel.queryByRole('button', { name: 'Retry all rejected' })).toBeNull();
    await userEvent.click(panel.getByText('#48'));
    await expect(panel.getByRole('button', { name: 'Discard…' })).toBeEnabled();
    await expect(panel.queryByRole('button', { name: 'Retry' })).toBeNull();
  },
};

/** The disk is full: what waits is still here, and can be taken away as a file. */
export const StorageFull: Story = {
  ...panelStory({
    tab: 'queue',
    theme: 'dark',
    state: {
      outbox: [entry(47)],
      status: { phase: 'error', error: { kind: 'quota', message: 'The disk of this device is full.' } },
    },
  }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(panel.getAllByRole('status')[0]).toHaveTextContent(/^Sync failed ?1 change waiting/);
    await expect(await panel.findByText('#47')).toBeVisible();
    await expect(panel.getByRole('button', { name: 'Export' })).toBeEnabled();
  },
};

/** The line is being made anew, and one mutation is on its way already. */
export const Reconnecting: Story = {
  ...panelStory({
    tab: 'queue',
    state: () => ({
      outbox: [entry(46, { state: 'sent', attempts: 3 }), entry(47)],
      status: { connection: 'connecting', nextRetryAt: Date.now() + 30_000 },
    }),
  }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(panel.getAllByRole('status')[0]).toHaveTextContent(/^2 changes waiting.*next try in \d+ s/);
    await userEvent.click(await panel.findByText('#46'));
    await expect(panel.getByText('3 attempts')).toBeVisible();
    await expect(panel.getByText('on its way; the server has not answered yet')).toBeVisible();
  },
};

export const NeedsSignIn: Story = {
  ...panelStory({ tab: 'queue', state: () => ({ outbox: [entry(47)], status: { phase: 'needs-auth' } }) }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(panel.getAllByRole('status')[0]).toHaveTextContent(/^Needs sign-in ?1 change waiting/);
    await expect(await panel.findByText('#47')).toBeVisible();
  },
};

/** A row of the list leads to the conflict that its mutation waits for. */
export const LeadsToTheConflict: Story = {
  ...panelStory({ tab: 'queue', state: mixed }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    await userEvent.click(await panel.findByText('#42'));
    await expect(panel.getByText('met a change of someone else; decide it under Conflicts')).toBeVisible();
    await expect(panel.getByRole('button', { name: 'Decide the conflict' })).toHaveClass('primary');
    await expect(panel.getByRole('button', { name: 'Retry with my values' })).not.toHaveClass('primary');
    await expect(panel.getByRole('button', { name: 'Retry with my values' })).toBeEnabled();
    await userEvent.click(panel.getByRole('button', { name: 'Decide the conflict' }));
    await expect(panel.getByRole('tab', { name: /^Conflicts/ })).toHaveAttribute('aria-selected', 'true');
    await expect(panel.getByRole('listbox', { name: 'Open conflicts' })).toBeVisible();
  },
};

export const ExportAFile: Story = {
  ...panelStory({ tab: 'queue', state: { outbox: [entry(47), rejected] } }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    const text = await savedText(async () => {
      await userEvent.click(await panel.findByRole('button', { name: 'Export' }));
      await waitFor(() => expect(syncOf(context).calls.map(({ name }) => name)).toEqual(['outbox.export']));
    });
    await expect(text).toContain('"mutationId":47');
    await expect(text).toContain('Lamp out');
  },
};

export const ExportMany: Story = {
  ...panelStory({ tab: 'queue', state: { outbox: [entry(47), rejected] } }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    // As long as it is not stopped.
    const exporting = spyOn(syncOf(context).outbox, 'export').mockImplementation(
      ({ onProgress, signal } = {}) =>
        new Promise((_resolve, reject) => {
          onProgress?.({ doneCount: 30_500, totalCount: 100_000 });
          signal?.addEventListener('abort', () => reject(new Error('It was stopped.')));
        }),
    );
    await userEvent.click(await panel.findByRole('button', { name: 'Export' }));
    await expect(await panel.findByText('Exporting 30,500 of 100,000')).toBeVisible();
    await expect(panel.getByRole('progressbar', { name: 'Exporting' })).toHaveAttribute('value', '30500');
    await expect(panel.getByRole('button', { name: 'Exporting…' })).toBeDisabled();
    await userEvent.click(panel.getByRole('button', { name: 'Stop' }));
    // Whoever has stopped it knows that there is no file.
    await expect(await panel.findByRole('button', { name: 'Export' })).toBeEnabled();
    await expect(panel.queryByRole('alert')).toBeNull();
    exporting.mockRestore();
  },
};

/** Over a row that was there, and to a row that meanwhile went. */
export const ReplacedAndDeletedMeanwhile: Story = {
  ...panelStory({
    tab: 'queue',
    state: () => ({
      outbox: [
        entry(47, { changes: [{ ...retitle, op: 'put', counters: {}, columns: { title: 'Gulls', priority: 2 } }] }),
        entry(48, { changes: [{ ...retitle, key: ['PIER-9'] }] }),
      ],
    }),
    inspection: {
      rows: {
        issue: [{ id: 'PIER-9', title: 'Old buoy', status: 'open', priority: 1, votes: 11, done: false, labels: [] }],
      },
      deletedThere: { issue: [{ id: 'PIER-9' }] },
    },
  }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await userEvent.click(await panel.findByText('#47'));
    await expect(panel.getByRole('heading', { level: 4 })).toHaveTextContent('replace issue PIER-7');
    await userEvent.click(panel.getByRole('button', { name: 'Discard…' }));
    await expect(panel.getByRole('alertdialog')).toHaveTextContent('The earlier row comes back');
    await userEvent.keyboard('{Escape}');
    await userEvent.click(panel.getByText('#48'));
    await expect(await panel.findByText('Meanwhile the row was deleted on the server.')).toBeVisible();
  },
};

/** Meanwhile the server has another title: the change is shown against that, not against what its writer saw. */
export const AgainstTheConfirmedRow: Story = {
  ...panelStory({
    tab: 'queue',
    state: { outbox: [entry(47)] },
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
    await expect(panel.queryByText(/Meanwhile the row was deleted/)).toBeNull();
  },
};
