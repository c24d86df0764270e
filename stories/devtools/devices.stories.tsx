import type { Meta, StoryObj } from '@storybook/react-vite';
import { expect, spyOn, userEvent, waitFor, within } from 'storybook/test';
import { SyncError } from 'tidemark/core';
import { ago } from '../fixtures/outbox.ts';
import { fill, hasFocus, panelIn, panelStory, syncOf } from '../fixtures/panel-story.tsx';
import { colours, lookOf, textOf, tonesOf } from '../fixtures/read.ts';

const meta: Meta = { title: 'Devtools/Devices', parameters: { layout: 'fullscreen' } };
export default meta;

type Story = StoryObj;

const device = (deviceId: string, name: string | null, parts = {}) => ({
  deviceId,
  name,
  firstSeenAt: ago(40 * 86_400),
  lastSeenAt: ago(3 * 3_600),
  revoked: false,
  isThisDevice: false,
  ...parts,
});

/** In no order. The server's clock is a little ahead. */
const devices = [
  device('9a8b7c6d-55cc-4b3c-9b3a-2d3e4f5a6b7c', null, { revoked: true, lastSeenAt: ago(20 * 86_400) }),
  device('5f0c1d9e-77aa-4d5e-9b1e-0d1c2b3a4f5e', 'Phone of Mara'),
  device('0b9e8d7c-66bb-4c4d-8a2f-1c2d3e4f5a6b', 'Office laptop', { isThisDevice: true, lastSeenAt: ago(-300) }),
];

export const Several: Story = {
  ...panelStory({ tab: 'devices', state: { devices } }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    const sync = syncOf(context);
    const list = await panel.findByRole('list', { name: 'Devices' });
    const [first, second, third] = within(list).getAllByRole('listitem');
    if (!first || !second || !third) throw new Error('Three devices were expected.');
    await waitFor(() => expect(sync.calls).toEqual([{ name: 'devices.list', args: [] }]));
    await expect(panel.getByText('3 devices')).toBeVisible();
    const facts = (device: HTMLElement) => textOf(device.querySelector('.facts-line'));
    const day = new Date(devices[1]?.firstSeenAt ?? 0).toLocaleDateString(undefined, {
      day: 'numeric',
      month: 'short',
    });
    await expect(facts(first)).toMatch(new RegExp(`^last seen nowfirst seen ${day}, [\\d:]+0b9e8d7c-66bb-4c4d`));
    await expect(facts(third)).toMatch(/^last seen 20 d ago/);
    await expect(third).toHaveTextContent(/^Unnamed devicerevoked/);
    await expect(within(third).queryByRole('button')).toBeNull();
    await expect(within(second).queryByRole('button', { name: 'Rename' })).toBeNull();
    await expect(tonesOf(list)).toEqual(['ok', 'bad']);
    await expect(third).toHaveAttribute('data-revoked', 'true');
    await expect(second).toHaveTextContent(/^Phone of MaraRevoke…last seen/);
    const revoke = within(second).getByRole('button', { name: 'Revoke Phone of Mara' });
    await expect(revoke).toHaveAccessibleDescription(devices[1]?.deviceId);
    await expect(lookOf(revoke).color).toBe(colours(list).bad);
    await expect(within(first).getByText('this one')).toBeVisible();
    await expect(within(second).queryByText('this one')).toBeNull();
    await expect(second).toHaveTextContent(/last seen 3 h ago/);

    await userEvent.click(within(first).getByRole('button', { name: 'Rename' }));
    const field = panel.getByRole<HTMLInputElement>('textbox', { name: 'Name of this device' });
    await expect(field).toHaveValue('Office laptop');
    await expect(hasFocus(field)).toBe(true);
    await expect([field.selectionStart, field.selectionEnd]).toEqual([0, 'Office laptop'.length]);
    await userEvent.click(panel.getByRole('button', { name: 'Cancel' }));
    await userEvent.click(await within(first).findByRole('button', { name: 'Rename' }));
    await fill(panel.getByRole('textbox', { name: 'Name of this device' }), '  ');
    await expect(panel.getByRole('button', { name: 'Save' })).toBeDisabled();
    await fill(panel.getByRole('textbox', { name: 'Name of this device' }), ' Harbour desk ');
    await userEvent.click(panel.getByRole('button', { name: 'Save' }));
    await waitFor(() => expect(sync.calls).toContainEqual({ name: 'devices.rename', args: ['Harbour desk'] }));
    await waitFor(() => expect(within(first).getByRole('button', { name: 'Rename' })).toBeVisible());
    await expect(panel.queryByRole('textbox')).toBeNull();

    await userEvent.click(within(second).getByRole('button', { name: 'Revoke Phone of Mara' }));
    await expect(panel.getByRole('alertdialog', { name: 'Revoke Phone of Mara?' })).toBeVisible();
    await expect(sync.calls.some(({ name }) => name === 'devices.revoke')).toBe(false);
    await expect(panel.getByText(/That device can no longer sync/)).toBeVisible();
    sync.failNext('devices.revoke', new SyncError('network', 'The server could not be reached.'));
    await userEvent.click(panel.getByRole('button', { name: 'Revoke it' }));
    await expect(await within(second).findByRole('alert')).toHaveTextContent('could not be reached');
    await userEvent.click(panel.getByRole('button', { name: 'Revoke it' }));
    await waitFor(() => expect(panel.queryByRole('alertdialog')).toBeNull());
    await waitFor(() =>
      expect(sync.calls).toContainEqual({ name: 'devices.revoke', args: ['5f0c1d9e-77aa-4d5e-9b1e-0d1c2b3a4f5e'] }),
    );
  },
};

/** Who revokes the device in their hand is told what becomes of the work on it. */
export const RevokesThisOne: Story = {
  ...panelStory({ tab: 'devices', theme: 'dark', state: { devices } }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    await userEvent.click(await panel.findByRole('button', { name: 'Revoke Office laptop' }));
    const question = within(panel.getByRole('alertdialog', { name: 'Revoke Office laptop?' }));
    await expect(question.getByText(/This device can no longer sync.*stays here/)).toBeVisible();
    await userEvent.click(question.getByRole('button', { name: 'Keep it' }));
    await waitFor(() => expect(panel.queryByRole('alertdialog')).toBeNull());
    await expect(syncOf(context).calls.map(({ name }) => name)).not.toContain('devices.revoke');
    // Not every device has a name, and it may be another one than this.
    syncOf(context).setState({ devices: [device('d-2', null)] });
    await userEvent.click(await panel.findByRole('button', { name: 'Revoke d-2' }));
    await expect(panel.getByRole('alertdialog', { name: 'Revoke the unnamed device?' })).toBeVisible();
  },
};

export const None: Story = {
  ...panelStory({ tab: 'devices' }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    await waitFor(() => expect(syncOf(context).calls).toEqual([{ name: 'devices.list', args: [] }]));
    await waitFor(() => expect(panel.getByRole('button', { name: 'Ask again' })).toBeEnabled());
    await expect(panel.queryByRole('list', { name: 'Devices' })).toBeNull();
  },
};

export const ServerAway: Story = {
  ...panelStory({ tab: 'devices', state: { devices, status: { phase: 'offline' } } }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    await panel.findByRole('list', { name: 'Devices' });
    const { promise, reject } = Promise.withResolvers<never>();
    const list = spyOn(syncOf(context).devices, 'list').mockReturnValue(promise);
    const again = await panel.findByRole('button', { name: 'Ask again' });
    await waitFor(() => expect(again).toBeEnabled());
    await userEvent.click(again);
    await expect(panel.getByText('Asking the server…')).toHaveAttribute('role', 'status');
    await expect(again).toBeDisabled();
    reject(new SyncError('network', 'It could not be reached.'));
    await expect(await panel.findByRole('alert')).toHaveTextContent('The server could not be asked: It could not');
    await expect(list).toHaveBeenCalledTimes(1);
    await expect(panel.getByText('Phone of Mara')).toBeVisible();
  },
};

const crowd = Array.from({ length: 60 }, (_, index) =>
  device(`5f0c1d9e-77aa-4d5e-9b1e-${String(index).padStart(12, '0')}`, `Tablet ${index} of the harbour office`, {
    lastSeenAt: ago(60 * (index + 1)),
  }),
);
const longNamed = device(
  '0b9e8d7c-66bb-4c4d-8a2f-1c2d3e4f5a6b',
  `The ${'very '.repeat(40)}long name of the device that this is`,
  { isThisDevice: true, lastSeenAt: ago(0) },
);
const rightToLeft = device('9a8b7c6d-55cc-4b3c-9b3a-2d3e4f5a6b7c', 'הטלפון של מארה', { lastSeenAt: ago(1) });

export const ManyWithLongAndRightToLeftNames: Story = {
  ...panelStory({ tab: 'devices', width: 480, state: { devices: [longNamed, rightToLeft, ...crowd] } }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(await panel.findByText('62 devices')).toBeVisible();
    const rename = panel.getByRole('button', { name: 'Rename' });
    const edge = rename.closest('li')?.getBoundingClientRect().right ?? 0;
    await expect(rename.getBoundingClientRect().right).toBeLessThanOrEqual(edge);
    await expect(panel.getByText('הטלפון של מארה')).toBeVisible();
  },
};

/** The server has an answer only for those it knows; what was known before stays in sight. */
export const NeedsSignIn: Story = {
  ...panelStory({ tab: 'devices', theme: 'dark', state: { devices, status: { phase: 'needs-auth' } } }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    await waitFor(() => expect(panel.getByRole('button', { name: 'Ask again' })).toBeEnabled());
    syncOf(context).failNext('devices.list', new SyncError('needs-auth', 'The server refused the token: it expired.'));
    await userEvent.click(panel.getByRole('button', { name: 'Ask again' }));
    await expect(await panel.findByRole('alert')).toHaveTextContent('could not be asked: The server refused the token');
    await expect(panel.getByText('Office laptop')).toBeVisible();
    await userEvent.click(panel.getByRole('button', { name: 'Rename' }));
    await fill(panel.getByRole('textbox', { name: 'Name of this device' }), 'Harbour desk');
    syncOf(context).failNext('devices.rename', new SyncError('needs-auth', 'Sign in first.'));
    await userEvent.click(panel.getByRole('button', { name: 'Save' }));
    await expect(await panel.findByText('Sign in first.')).toBeVisible();
    panel.getByRole('textbox', { name: 'Name of this device' }).focus();
    await userEvent.keyboard('{Escape}');
    await waitFor(() => expect(panel.queryByRole('textbox', { name: 'Name of this device' })).toBeNull());
    await expect(panel.getByText('Office laptop')).toBeVisible();
  },
};

export const Opening: Story = {
  ...panelStory({ tab: 'devices', state: { clientId: null, status: { phase: 'starting' } } }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    await expect(await panel.findByText('The database is opening')).toBeVisible();
    await expect(panel.getByText('The server is asked as soon as it is open.')).toBeVisible();
    await expect(syncOf(context).calls).toEqual([]);
    syncOf(context).setState({ clientId: 'client-1', status: { phase: 'synced' } });
    await waitFor(() => expect(syncOf(context).calls).toEqual([{ name: 'devices.list', args: [] }]));
  },
};

export const WithoutServer: Story = {
  ...panelStory({ tab: 'devices', state: { status: { phase: 'local' } } }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(await panel.findByText('No server, no devices')).toBeVisible();
    await expect(panel.getByText('This app keeps its data on this device only.')).toBeVisible();
  },
};
