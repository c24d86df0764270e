// @vitest-environment happy-dom
import { act, render, screen } from '@testing-library/react';
import { SyncProvider, useSyncStatus } from 'tidemark';
import { createFakeSync } from 'tidemark/testing';
import { expect, test } from 'vitest';
import { openSync, schema } from './harness.tsx';

const Phase = () => <p>phase {useSyncStatus((status) => status.phase)}</p>;

test('the fallback stands until the database is open', async () => {
  render(
    <SyncProvider sync={openSync()} fallback={<p>opening</p>}>
      <Phase />
    </SyncProvider>,
  );
  expect(screen.getByText('opening')).toBeDefined();
  await screen.findByText('phase local');
  expect(screen.queryByText('opening')).toBeNull();
});

test('without a fallback the children render at once', () => {
  render(
    <SyncProvider sync={createFakeSync({ schema, ready: new Promise(() => undefined) })}>
      <Phase />
    </SyncProvider>,
  );
  expect(screen.getByText('phase synced')).toBeDefined();
});

test('a database that cannot be opened is told by renderError', async () => {
  const sync = createFakeSync({ schema, ready: Promise.reject(new Error('no disk')) });
  render(
    <SyncProvider sync={sync} renderError={(error) => <p>failed: {error.message}</p>}>
      <Phase />
    </SyncProvider>,
  );
  await screen.findByText('failed: no disk');
});

test('another sync takes the place of the one before', async () => {
  const first = createFakeSync({ schema, state: { status: { phase: 'offline' } } });
  const second = createFakeSync({ schema, ready: new Promise(() => undefined) });
  const app = (sync: typeof first) => (
    <SyncProvider sync={sync} fallback={<p>opening</p>}>
      <Phase />
    </SyncProvider>
  );
  const { rerender } = render(app(first));
  await screen.findByText('phase offline');
  rerender(app(second));
  expect(screen.getByText('opening')).toBeDefined();
  await act(() => first.close());
});
