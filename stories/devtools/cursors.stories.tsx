import type { Meta, StoryObj } from '@storybook/react-vite';
import { expect, userEvent, waitFor, within } from 'storybook/test';
import { ago } from '../fixtures/outbox.ts';
import { panelIn, panelStory, syncOf } from '../fixtures/panel-story.tsx';

const meta: Meta = { title: 'Devtools/Cursors', parameters: { layout: 'fullscreen' } };
export default meta;

type Story = StoryObj;

const epoch = '7f3a-9c';
const cursor = (seq: number) => ({ epoch, seq });

export const None: Story = {
  ...panelStory({ tab: 'cursors', state: { status: { phase: 'pending', hasSynced: false } } }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(panel.getByText('No scope is followed yet')).toBeVisible();
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
  }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(panel.getByText('224 commits behind')).toBeVisible();
    await expect(panel.getByRole('meter', { name: 'Position in project:harbour' })).toHaveProperty('value', 980);
    await expect(panel.getByText('3 scopes, 2 behind')).toBeVisible();
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
  },
};

export const Resync: Story = {
  ...panelStory({
    tab: 'cursors',
    theme: 'dark',
    state: {
      cursors: [{ scope: '*', cursor: cursor(1_200), head: 1_204, lag: 4, isComplete: true, isFollowed: true }],
      status: { phase: 'pending', lastSyncedAt: ago(75) },
    },
  }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    await expect(panel.getByText('* (every scope)')).toBeVisible();
    await expect(panel.getByText(/as of/)).toHaveTextContent(/1 min/);
    await userEvent.click(panel.getByRole('button', { name: 'Resync…' }));
    await userEvent.click(within(panel.getByRole('alertdialog')).getByRole('button', { name: 'Resync' }));
    await waitFor(() => expect(syncOf(context).calls.map((call) => call.name)).toEqual(['hydrate']));
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
    },
  }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(panel.getByText('60 scopes, 60 behind')).toBeVisible();
    await expect(panel.getAllByRole('meter')).toHaveLength(60);
  },
};
