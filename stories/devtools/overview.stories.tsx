import type { Meta, StoryObj } from '@storybook/react-vite';
import { expect, userEvent } from 'storybook/test';
import { ago, entry } from '../fixtures/outbox.ts';
import { panelIn, panelStory, syncOf } from '../fixtures/panel-story.tsx';
import { rounds } from '../fixtures/rounds.ts';

const meta: Meta = { title: 'Devtools/Overview', parameters: { layout: 'fullscreen' } };
export default meta;

type Story = StoryObj;

const stats = {
  roundCount: 214,
  failedRoundCount: 3,
  pushedMutationCount: 97,
  pulledChangeCount: 1_420,
  storageBytes: 2_310_144,
};

export const Synced: Story = {
  ...panelStory({
    tab: 'overview',
    rounds,
    stats,
    state: { clientId: '019aa1b2-5f20-7c31-9d11-5a0c6e2f8b77', status: { lastSyncedAt: ago(20) } },
  }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(panel.getByRole('status')).toHaveTextContent(/Everything is synced.*last synced/);
    await expect(await panel.findByText('2.2 MiB')).toBeVisible();
  },
};

export const OfflineWithWaitingChanges: Story = {
  ...panelStory({
    tab: 'overview',
    rounds,
    stats,
    state: {
      outbox: [entry(1, { createdAt: ago(125) }), entry(2), entry(3)],
      status: {
        phase: 'offline',
        connection: 'closed',
        isOnline: false,
        lastSyncedAt: ago(600),
        nextRetryAt: ago(-25),
        persisted: false,
        error: { kind: 'network', message: 'The server at /sync could not be reached. It is tried again by a timer.' },
      },
    },
  }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(panel.getByRole('status')).toHaveTextContent(
      /Offline.*3 changes waiting, oldest 2 min, last synced .*, next try in .*, not persisted/,
    );
  },
};

export const PauseAndResume: Story = {
  ...panelStory({ tab: 'overview', state: { status: { lastSyncedAt: ago(20) } } }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    await userEvent.click(panel.getByRole('button', { name: 'Pause' }));
    await expect(panel.getByRole('status')).toHaveTextContent('Paused by devtools');
    await expect(panel.getByRole('button', { name: 'Sync now' })).toBeDisabled();
    await userEvent.click(panel.getByRole('button', { name: 'Resume' }));
    await expect(syncOf(context).calls.map((call) => call.name)).toEqual(['pause', 'resume']);
  },
};

export const NeedsSignIn: Story = {
  ...panelStory({
    tab: 'overview',
    state: {
      outbox: [entry(1)],
      status: {
        phase: 'needs-auth',
        connection: 'closed',
        error: {
          kind: 'needs-auth',
          message: 'The server refused the token: it expired. Sign in again; nothing is lost.',
        },
      },
    },
  }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(panel.getByRole('status')).toHaveTextContent('Needs sign-in');
    await expect(panel.getByRole('alert')).toHaveTextContent('it expired');
  },
};

export const BeforeTheDatabaseIsOpen: Story = {
  ...panelStory({
    tab: 'overview',
    ready: new Promise(() => undefined),
    state: {
      clientId: null,
      isLeader: false,
      status: { phase: 'starting', connection: 'closed', hasSynced: false, persisted: false },
    },
  }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(panel.getByRole('status')).toHaveTextContent('Opening the database');
  },
};

export const WithoutServer: Story = {
  ...panelStory({ tab: 'overview', state: { status: { phase: 'local', connection: 'closed', hasSynced: false } } }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(panel.getByRole('status')).toHaveTextContent('On this device only');
    await expect(panel.queryByRole('button', { name: 'Sync now' })).toBeNull();
  },
};
