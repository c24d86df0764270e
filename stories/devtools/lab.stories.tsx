import type { Meta, StoryObj } from '@storybook/react-vite';
import { expect, spyOn, userEvent, waitFor, within } from 'storybook/test';
import { NO_LAB_CONDITIONS, SyncError } from 'tidemark/core';
import { SyncDevtoolsPanel } from 'tidemark/devtools/production';
import { panelIn, panelStory, syncOf } from '../fixtures/panel-story.tsx';
import { colours, lookOf, textOf } from '../fixtures/read.ts';

const meta: Meta = { title: 'Devtools/Lab', parameters: { layout: 'fullscreen' } };
export default meta;

type Story = StoryObj;

export const EverythingAsItIs: Story = {
  ...panelStory({ tab: 'lab' }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    const sync = syncOf(context);
    const network = await panel.findByRole('group', { name: 'Network' });
    await expect(panel.getByText(/Your work is safe: it waits in the queue/)).toBeVisible();
    const cards = panel
      .getAllByRole('group')
      .map((card) => [
        textOf(card.querySelector('legend')),
        textOf(card.querySelector('p')).replace(/^([^.]*\.).*$/, '$1'),
        within(card).getAllByRole('button').map(textOf).join(' | '),
      ]);
    await expect(cards).toEqual([
      ['Network', 'Nothing reaches the server, and nothing comes from it.', 'Online | Offline'],
      ['Latency', 'Each message takes longer, in each direction.', 'None | 300 ms | 2 s'],
      ['Loss', 'Requests fail before or after they reached the server; the channel breaks.', 'None | 10 % | 50 %'],
      ['Repeats', 'Each request arrives twice.', 'Off | Send twice'],
      ['Next mutation', 'The server refuses it.', 'As usual | Reject'],
      [
        'Conflict',
        'Another device really writes the same columns just before the next update of a row goes up.',
        'As usual | Force one',
      ],
      [
        'Sign-in',
        'The server refuses the token: the app is asked for a new one, or signed out until you lift it.',
        'Valid | Expire once | Sign out',
      ],
      ['Clock', 'This device’s clock is wrong.', 'Right | 1 h behind | 1 h ahead'],
      ['Leader', 'This tab leads.', 'Kill the leader'],
    ]);
    const { promise, resolve } = Promise.withResolvers<void>();
    const held = spyOn(sync.inspect.lab, 'set').mockReturnValue(promise);
    await userEvent.click(within(network).getByRole('button', { name: 'Offline' }));
    await expect(within(network).getByRole('button', { name: 'Online' })).toBeDisabled();
    resolve();
    held.mockRestore();
    await waitFor(() => expect(within(network).getByRole('button', { name: 'Offline' })).toBeEnabled());
    await userEvent.click(within(network).getByRole('button', { name: 'Offline' }));
    await waitFor(() => expect(sync.store.getState().lab).toMatchObject({ offline: true }));
    await expect(within(network).getByRole('button', { name: 'Offline' })).toHaveAttribute('aria-pressed', 'true');
    await userEvent.click(within(panel.getByRole('group', { name: 'Loss' })).getByRole('button', { name: '10 %' }));
    await expect(await panel.findByText('offline, 10 % loss')).toBeVisible();
    await expect(panel.getByText('offline, 10 % loss').closest('[role=status]')).not.toBeNull();
    sync.failNext('lab.set', new SyncError('misuse', 'Another tab leads by now.'));
    await userEvent.click(within(network).getByRole('button', { name: 'Online' }));
    await expect(await panel.findByRole('alert')).toHaveTextContent('Another tab leads by now.');
    await userEvent.click(panel.getByRole('tab', { name: /Queue/ }));
    await expect(panel.getByText('offline, 10 % loss')).toBeVisible();
    await userEvent.click(panel.getByRole('button', { name: 'End all' }));
    await waitFor(() => expect(sync.store.getState().lab).toBeNull());
    await expect(sync.calls.at(-1)).toEqual({ name: 'lab.clear', args: [] });
    await waitFor(() => expect(panel.queryByText(/10 % loss/)).toBeNull());
  },
};

export const SeveralOn: Story = {
  ...panelStory({
    tab: 'lab',
    state: {
      lab: {
        ...NO_LAB_CONDITIONS,
        latencyMs: 2_000,
        duplicates: true,
        rejectNext: true,
        refuseToken: 'always',
        clockSkewMs: -3_600_000,
      },
      status: { phase: 'needs-auth' },
    },
  }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(
      await panel.findByText(
        '2000 ms latency, requests sent twice, next mutation is rejected, signed out, clock 60 min behind',
      ),
    ).toBeVisible();
    await expect(panel.getByRole('tab', { name: /^Lab/ })).toHaveTextContent('Lab5');
    await panel.findByRole('group', { name: 'Network' });
    const isOn = (title: string) => panel.getByRole('group', { name: title }).dataset.on;
    const cards = ['Network', 'Latency', 'Loss', 'Repeats', 'Next mutation', 'Conflict', 'Sign-in', 'Clock'];
    await expect(cards.filter((title) => isOn(title) === 'true')).toEqual([
      'Latency',
      'Repeats',
      'Next mutation',
      'Sign-in',
      'Clock',
    ]);
    const ground = (title: string) => getComputedStyle(panel.getByRole('group', { name: title })).backgroundColor;
    await expect(ground('Latency')).not.toBe(ground('Network'));
  },
};

/** What happens once only is told of while it waits to happen. */
export const OnceOnly: Story = {
  ...panelStory({
    tab: 'lab',
    theme: 'dark',
    state: { lab: { ...NO_LAB_CONDITIONS, conflictNext: true, refuseToken: 'once', clockSkewMs: 3_600_000 } },
  }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(
      await panel.findByText('next update meets a conflict, token expires once, clock 60 min ahead'),
    ).toBeVisible();
  },
};

/** Every choice sets what it says, and its card shows that it is on. */
export const EachChoice: Story = {
  ...panelStory({ tab: 'lab' }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    const choices = [
      ['Latency', '300 ms', { latencyMs: 300 }],
      ['Latency', '2 s', { latencyMs: 2_000 }],
      ['Loss', '50 %', { lossRate: 0.5 }],
      ['Repeats', 'Send twice', { duplicates: true }],
      ['Next mutation', 'Reject', { rejectNext: true }],
      ['Conflict', 'Force one', { conflictNext: true }],
      ['Sign-in', 'Expire once', { refuseToken: 'once' }],
      ['Sign-in', 'Sign out', { refuseToken: 'always' }],
      ['Clock', '1 h behind', { clockSkewMs: -3_600_000 }],
      ['Clock', '1 h ahead', { clockSkewMs: 3_600_000 }],
    ] as const;
    for (const [title, choice, conditions] of choices) {
      const card = within(await panel.findByRole('group', { name: title }));
      await userEvent.click(card.getByRole('button', { name: choice }));
      await waitFor(() => expect(syncOf(context).store.getState().lab).toMatchObject(conditions));
      await waitFor(() => expect(card.getByRole('button', { name: choice })).toHaveAttribute('aria-pressed', 'true'));
    }
  },
};

export const KillTheLeader: Story = {
  ...panelStory({ tab: 'lab', state: { isLeader: false } }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    const card = await panel.findByRole('group', { name: 'Leader' });
    await expect(
      within(card).getByText(/Another tab leads.*as if it had died; the next in line takes over/),
    ).toBeVisible();
    const kill = within(card).getByRole('button', { name: 'Kill the leader' });
    await expect(lookOf(kill).color).toBe(colours(card).bad);
    syncOf(context).failNext('lab.endLeadership', new SyncError('misuse', 'No tab could take over.'));
    await userEvent.click(within(card).getByRole('button', { name: 'Kill the leader' }));
    await expect(await within(card).findByRole('alert')).toHaveTextContent('No tab could take over.');
    await userEvent.click(within(card).getByRole('button', { name: 'Kill the leader' }));
    await waitFor(() => expect(within(card).queryByRole('alert')).toBeNull());
    await expect(syncOf(context).calls).toHaveLength(2);
    syncOf(context).setState({ isLeader: true });
    await expect(await within(card).findByText(/This tab leads/)).toBeVisible();
  },
};

export const InProduction: Story = {
  ...panelStory({ tab: 'lab', inspection: { isLabAvailable: false } }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(await panel.findByText('Not in production')).toBeVisible();
    await expect(panel.getByText(/give <SyncDevtools lab \/> of tidemark\/devtools\/production/)).toBeVisible();
    await expect(panel.queryByRole('group', { name: 'Network' })).toBeNull();
  },
};

/** A production build whose app asks for the lab by name. */
export const ForcedInProduction: Story = {
  ...panelStory({ tab: 'lab', inspection: { isLabAvailable: false } }),
  render: (_args, { loaded }) => (
    <div style={{ height: 460 }}>
      <SyncDevtoolsPanel sync={loaded.sync} lab />
    </div>
  ),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    const network = within(await panel.findByRole('group', { name: 'Network' }));
    await userEvent.click(network.getByRole('button', { name: 'Offline' }));
    await waitFor(() =>
      expect(syncOf(context).calls).toEqual([{ name: 'lab.set', args: [{ offline: true }, { force: true }] }]),
    );
    await userEvent.click(panel.getByRole('button', { name: 'Kill the leader' }));
    await waitFor(() =>
      expect(syncOf(context).calls.at(-1)).toEqual({ name: 'lab.endLeadership', args: [{ force: true }] }),
    );
  },
};

export const WithoutServer: Story = {
  ...panelStory({ tab: 'lab', state: { status: { phase: 'local' } } }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(await panel.findByText('No server, no lab')).toBeVisible();
    await expect(panel.getByText('The lab disturbs the way to the server, and this app has none.')).toBeVisible();
  },
};
