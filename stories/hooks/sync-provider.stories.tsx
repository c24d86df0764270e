import type { Meta, StoryObj } from '@storybook/react-vite';
import { expect, within } from 'storybook/test';
import { SyncProvider, useSyncStatus } from 'tidemark';
import { createFakeSync } from 'tidemark/testing';
import { schema } from '../fixtures/schema.ts';

const meta: Meta = { title: 'SyncProvider' };
export default meta;

type Story = StoryObj;

const App = () => <p role="status">The app, {useSyncStatus((status) => status.phase)}</p>;

function story(ready: () => Promise<void>): Pick<Story, 'loaders' | 'render'> {
  return {
    loaders: [
      () => {
        const opening = ready();
        // Whoever shows the provider hears of it; nobody else has to.
        opening.catch(() => undefined);
        return { sync: createFakeSync({ schema, ready: opening }) };
      },
    ],
    render: (_args, { loaded }) => (
      <SyncProvider
        sync={loaded.sync}
        fallback={<p>Opening the database…</p>}
        renderError={(error) => <p role="alert">{error.message}</p>}
      >
        <App />
      </SyncProvider>
    ),
  };
}

export const Ready: Story = {
  ...story(() => Promise.resolve()),
  play: async ({ canvasElement }) => {
    await expect(await within(canvasElement).findByText('The app, synced')).toBeVisible();
  },
};

export const Fallback: Story = {
  ...story(() => new Promise(() => undefined)),
  play: async ({ canvasElement }) => {
    await expect(await within(canvasElement).findByText('Opening the database…')).toBeVisible();
    await expect(within(canvasElement).queryByRole('status')).toBeNull();
  },
};

export const CannotOpen: Story = {
  ...story(() => Promise.reject(new Error('The disk of this device is full.'))),
  play: async ({ canvasElement }) => {
    await expect(await within(canvasElement).findByRole('alert')).toHaveTextContent('The disk of this device is full.');
  },
};
