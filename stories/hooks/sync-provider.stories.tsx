import type { Meta, StoryObj } from '@storybook/react-vite';
import { Component, type ReactNode, useState } from 'react';
import { expect, userEvent, within } from 'storybook/test';
import { SyncProvider, useSyncStatus } from 'tidemark';
import { createFakeSync, type FakeSync } from 'tidemark/testing';
import { schema } from '../fixtures/schema.ts';

const meta: Meta = {
  title: 'SyncProvider',
  decorators: [
    (Story) => (
      <div style={{ font: '14px/1.5 system-ui, sans-serif' }}>
        <Story />
      </div>
    ),
  ],
};
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

/** Without a fallback the app is there at once, and its queries are pending. */
export const AtOnce: Story = {
  loaders: [
    () => ({
      sync: createFakeSync({ schema, ready: new Promise(() => undefined), state: { status: { phase: 'starting' } } }),
    }),
  ],
  render: (_args, { loaded }) => (
    <SyncProvider sync={loaded.sync}>
      <App />
    </SyncProvider>
  ),
  play: async ({ canvasElement }) => {
    await expect(await within(canvasElement).findByText('The app, starting')).toBeVisible();
  },
};

class Boundary extends Component<{ readonly children: ReactNode }, { readonly error: Error | null }> {
  override state: { readonly error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error): { error: Error } {
    return { error };
  }

  override render(): ReactNode {
    return this.state.error ? <p role="alert">The app says: {this.state.error.message}</p> : this.props.children;
  }
}

/** Without `renderError` it is the app's own error boundary that tells. */
export const ToTheErrorBoundary: Story = {
  ...story(() => Promise.reject(new Error('The disk of this device is full.'))),
  render: (_args, { loaded }) => (
    <Boundary>
      <SyncProvider sync={loaded.sync} fallback={<p>Opening the database…</p>}>
        <App />
      </SyncProvider>
    </Boundary>
  ),
  play: async ({ canvasElement }) => {
    await expect(await within(canvasElement).findByRole('alert')).toHaveTextContent('The app says: The disk of this');
  },
};

function TwoDatabases({ first, second }: { readonly first: FakeSync; readonly second: FakeSync }) {
  const [sync, setSync] = useState(first);
  return (
    <>
      <button type="button" onClick={() => setSync(second)}>
        The other database
      </button>
      <SyncProvider sync={sync} fallback={<p>Opening the database…</p>}>
        <App />
      </SyncProvider>
    </>
  );
}

/** Another database takes the place of the first: nothing of the first is shown while it opens. */
export const AnotherDatabase: Story = {
  loaders: [
    () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const second = createFakeSync({ schema, ready: promise, state: { status: { phase: 'offline' } } });
      return { first: createFakeSync({ schema }), second, open: resolve };
    },
  ],
  render: (_args, { loaded }) => <TwoDatabases first={loaded.first} second={loaded.second} />,
  play: async ({ canvasElement, loaded }) => {
    const canvas = within(canvasElement);
    await expect(await canvas.findByText('The app, synced')).toBeVisible();
    await userEvent.click(canvas.getByRole('button', { name: 'The other database' }));
    await expect(await canvas.findByText('Opening the database…')).toBeVisible();
    loaded.open();
    await expect(await canvas.findByText('The app, offline')).toBeVisible();
  },
};
