import type { Meta, StoryObj } from '@storybook/react-vite';
import { expect, userEvent, waitFor, within } from 'storybook/test';
import { sql } from 'tidemark';
import { simulateNetwork, syncOf } from 'tidemark/testing';
import { decidedByPolicy, partlyDecided, sameColumns } from '../fixtures/conflicts.ts';
import { rejected } from '../fixtures/outbox.ts';
import { ConflictNote } from './examples/conflicts.tsx';
import conflictsSource from './examples/conflicts.tsx?raw';
import { Scopes } from './examples/cursors.tsx';
import cursorsSource from './examples/cursors.tsx?raw';
import { DeviceList } from './examples/devices.tsx';
import devicesSource from './examples/devices.tsx?raw';
import { WaitingCount } from './examples/one-part-of-the-status.tsx';
import onePartSource from './examples/one-part-of-the-status.tsx?raw';
import { Unsent } from './examples/outbox.tsx';
import outboxSource from './examples/outbox.tsx?raw';
import { RowMark } from './examples/row-status.tsx';
import rowStatusSource from './examples/row-status.tsx?raw';
import { IssueCount } from './examples/suspense-synced-query.tsx';
import suspenseSource from './examples/suspense-synced-query.tsx?raw';
import { SyncButton } from './examples/sync.tsx';
import syncSource from './examples/sync.tsx?raw';
import { EventLog } from './examples/sync-events.tsx';
import eventsSource from './examples/sync-events.tsx?raw';
import { Progress } from './examples/sync-progress.tsx';
import progressSource from './examples/sync-progress.tsx?raw';
import { StatusBadge } from './examples/sync-status.tsx';
import statusSource from './examples/sync-status.tsx?raw';
import { AddIssue } from './examples/synced-mutation.tsx';
import mutationSource from './examples/synced-mutation.tsx?raw';
import { Issues } from './examples/synced-query.tsx';
import querySource from './examples/synced-query.tsx?raw';
import { Harbours } from './examples/synced-query-refused.tsx';
import refusedSource from './examples/synced-query-refused.tsx?raw';
import { Details } from './examples/synced-query-when-asked.tsx';
import whenAskedSource from './examples/synced-query-when-asked.tsx?raw';
import { gulls, hookStory } from './hook-story.tsx';

const meta: Meta = { title: 'Hooks' };
export default meta;

type Story = StoryObj;

/** The engine opens its database first: SQLite's code is fetched once for all stories. */
const OPENING = { timeout: 15_000 };

export const UseSync: Story = {
  ...hookStory(SyncButton, syncSource),
  play: async ({ canvasElement }) => {
    const canvas = within(canvasElement);
    await userEvent.click(await canvas.findByRole('button', { name: 'Sync now' }, OPENING));
    await expect(await canvas.findByText('ok')).toBeVisible();
  },
};

export const UseSyncedQuery: Story = {
  ...hookStory(Issues, querySource),
  play: async (context) => {
    const canvas = within(context.canvasElement);
    await userEvent.click(await canvas.findByRole('button', { name: '0 votes' }, OPENING));
    await expect(await canvas.findByRole('button', { name: '1 votes' })).toBeVisible();
    await syncOf(context).write((tx) => tx.run(sql`UPDATE issue SET title = 'Terns nest on the pier'`));
    await expect(await canvas.findByText('Terns nest on the pier')).toBeVisible();
    await expect(canvas.getByText('All of them are here.')).toBeVisible();
    // In the order that the query asks for, wherever it comes in.
    await syncOf(context).write((tx) => tx.insert('issue', { ...gulls, id: 'PIER-8', title: 'A seal on the ramp' }));
    await waitFor(() =>
      expect(canvas.getAllByRole('listitem').map((item) => item.textContent)).toEqual([
        'A seal on the ramp 0 votes',
        'Terns nest on the pier 1 votes',
      ]),
    );
    await syncOf(context).write((tx) => tx.delete('issue', 'PIER-7'));
    await waitFor(() => expect(canvas.getAllByRole('listitem')).toHaveLength(1));
  },
};

/** `enabled: false`: nothing is read or followed until somebody wants to see it. */
export const UseSyncedQueryWhenAsked: Story = {
  ...hookStory(Details, whenAskedSource, { rows: { issue: [{ ...gulls, body: 'They are loud.' }] } }),
  play: async (context) => {
    const canvas = within(context.canvasElement);
    const button = await canvas.findByRole('button', { name: 'Details' }, OPENING);
    await expect(canvas.getByText('Not read.')).toBeVisible();
    // Who follows it hears of two writes; the component does not.
    const followed = syncOf(context).liveQuery(sql`SELECT body FROM issue`);
    for (const body of ['They are loud indeed.', 'They are very loud.']) {
      await syncOf(context).write((tx) => tx.update('issue', 'PIER-7', { body }));
      await waitFor(() => expect(followed.getSnapshot().rows).toEqual([{ body }]));
    }
    followed.close();
    await expect(canvas.getByText('Not read.')).toBeVisible();
    await userEvent.click(button);
    await expect(await canvas.findByText('They are very loud.')).toBeVisible();
  },
};

export const UseSyncedQueryRefused: Story = {
  ...hookStory(Harbours, refusedSource),
  play: async ({ canvasElement }) => {
    const told = await within(canvasElement).findByRole('alert', {}, OPENING);
    await expect(told).toHaveTextContent(/no such table: harbour/);
  },
};

export const UseSuspenseSyncedQuery: Story = {
  ...hookStory(IssueCount, suspenseSource),
  play: async (context) => {
    const canvas = within(context.canvasElement);
    await expect(await canvas.findByText('1 issues', {}, OPENING)).toBeVisible();
    await syncOf(context).write((tx) => tx.insert('issue', { ...gulls, id: 'PIER-8' }));
    await expect(await canvas.findByText('2 issues')).toBeVisible();
  },
};

export const UseSyncedMutation: Story = {
  ...hookStory(AddIssue, mutationSource),
  play: async (context) => {
    const canvas = within(context.canvasElement);
    const add = await canvas.findByRole('button', { name: 'Add an issue' }, OPENING);
    await expect(canvas.getByText('Nothing was added yet.')).toBeVisible();
    await userEvent.click(add);
    await expect(await canvas.findByText('It is on this device.')).toBeVisible();
    const [row] = await syncOf(context).query(sql<{ count: number }>`SELECT count(*) AS count FROM issue`);
    await expect(row?.count).toBe(2);
  },
};

const statusNetwork = simulateNetwork();

export const UseSyncStatus: Story = {
  ...hookStory(StatusBadge, statusSource, { network: statusNetwork }),
  beforeEach: () => statusNetwork.goOnline(),
  play: async (context) => {
    const canvas = within(context.canvasElement);
    await expect(await canvas.findByText('synced, 0 waiting', {}, OPENING)).toBeVisible();
    statusNetwork.goOffline();
    await syncOf(context).write((tx) => tx.delete('issue', 'PIER-7'));
    await expect(await canvas.findByText(/offline, 1 waiting/, {}, OPENING)).toBeVisible();
    statusNetwork.goOnline();
    await expect(await canvas.findByText('synced, 0 waiting', {}, OPENING)).toBeVisible();
  },
};

const partNetwork = simulateNetwork();

export const UseSyncStatusOnePart: Story = {
  ...hookStory(WaitingCount, onePartSource, { network: partNetwork }),
  beforeEach: () => partNetwork.goOnline(),
  play: async (context) => {
    const canvas = within(context.canvasElement);
    await expect(await canvas.findByText('Nothing waits.', {}, OPENING)).toBeVisible();
    partNetwork.goOffline();
    await syncOf(context).write((tx) => tx.delete('issue', 'PIER-7'));
    await expect(await canvas.findByText('1 to send')).toBeVisible();
    partNetwork.goOnline();
    await expect(await canvas.findByText('Nothing waits.', {}, OPENING)).toBeVisible();
  },
};

const rowNetwork = simulateNetwork();

export const UseRowStatus: Story = {
  ...hookStory(() => <RowMark id="PIER-7" />, rowStatusSource, { network: rowNetwork }),
  beforeEach: () => rowNetwork.goOnline(),
  play: async (context) => {
    const canvas = within(context.canvasElement);
    await expect(await canvas.findByText('PIER-7 is synced', {}, OPENING)).toBeVisible();
    rowNetwork.goOffline();
    await syncOf(context).write((tx) => tx.update('issue', 'PIER-7', { title: 'Offline' }));
    await expect(await canvas.findByText(/PIER-7 is (pending|sent)/)).toBeVisible();
    rowNetwork.goOnline();
    await expect(await canvas.findByText('PIER-7 is synced', {}, OPENING)).toBeVisible();
  },
};

export const UseConflicts: Story = {
  ...hookStory(ConflictNote, conflictsSource, {
    state: { conflicts: [decidedByPolicy, { ...partlyDecided, mutationId: 41 }, sameColumns] },
  }),
  play: async ({ canvasElement }) => {
    const canvas = within(canvasElement);
    await expect(
      await canvas.findByText(/Gulls nest on the north pier or Gulls on the pier/, {}, OPENING),
    ).toBeVisible();
    await userEvent.click(canvas.getByRole('button', { name: 'Take theirs' }));
    await expect(await canvas.findByText('Nothing to decide.')).toBeVisible();
  },
};

export const UseOutbox: Story = {
  ...hookStory(Unsent, outboxSource, { state: { outbox: [rejected] } }),
  play: async ({ canvasElement }) => {
    const canvas = within(canvasElement);
    await expect(await canvas.findByText(/must lie between 1 and 5/, {}, OPENING)).toBeVisible();
    await userEvent.click(canvas.getByRole('button', { name: 'Retry' }));
    await expect(await canvas.findByText(/#40 on issue: pending/)).toBeVisible();
    await expect(canvas.queryByRole('button', { name: 'Retry' })).toBeNull();
  },
};

export const UseCursors: Story = {
  ...hookStory(Scopes, cursorsSource),
  play: async ({ canvasElement }) => {
    await expect(await within(canvasElement).findByText(/: 1 of 1/, {}, OPENING)).toBeVisible();
  },
};

export const UseDevices: Story = {
  ...hookStory(DeviceList, devicesSource),
  play: async ({ canvasElement }) => {
    await expect(await within(canvasElement).findByText('this one', {}, OPENING)).toBeVisible();
  },
};

export const UseSyncEvents: Story = {
  ...hookStory(EventLog, eventsSource),
  play: async (context) => {
    const list = within(await within(context.canvasElement).findByRole('list', { name: 'Events' }, OPENING));
    await syncOf(context).write((tx) => tx.delete('issue', 'PIER-7'));
    await waitFor(() => expect(list.getByText('mutation-written')).toBeVisible());
    await waitFor(() => expect(list.getByText('mutation-settled')).toBeVisible());
  },
};

export const UseSyncProgress: Story = {
  ...hookStory(Progress, progressSource, {
    state: { status: { phase: 'syncing', progress: { step: 'snapshot', done: 12_000, total: 45_000 } } },
  }),
  play: async ({ canvasElement }) => {
    const bar = await within(canvasElement).findByRole('progressbar', { name: /snapshot/ }, OPENING);
    await expect(bar).toHaveProperty('position', 12 / 45);
  },
};
