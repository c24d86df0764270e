import { conflictBetween } from '../../src/testing/fake-conflicts.ts';
import { createFakeSync } from '../../src/testing/fake-sync.ts';
import { simulateNetwork } from '../../src/testing/simulated-network.ts';
import { createTestServer } from '../../src/testing/test-server.ts';
import { createTestSync } from '../../src/testing/test-sync.ts';
import { runSyncContract, contractSchema as schema } from './sync.ts';

runSyncContract('the real Sync', async () => {
  let refuses = false;
  const server = createTestServer({
    schema,
    validate: {
      issue: () => {
        if (refuses) throw new Error('Not now.');
      },
    },
  });
  const network = simulateNetwork({ isOffline: true });
  const sync = createTestSync({ schema, server, network, autoSync: false });
  const exchange = async () => {
    network.goOnline();
    await sync.sync();
    network.goOffline();
  };
  return {
    sync,
    settleAll: exchange,
    async rejectAll() {
      refuses = true;
      await exchange();
      refuses = false;
    },
    async makeConflict() {
      await sync.write((tx) => tx.insert('issue', { id: 'a', title: 'base' }));
      await exchange();
      await server.put({ issue: [{ id: 'a', title: 'theirs' }] });
      await sync.write((tx) => tx.update('issue', 'a', { title: 'mine' }));
      network.goOnline();
      await sync.push();
      network.goOffline();
      return 'theirs';
    },
    async close() {
      await sync.close();
      await server.close();
    },
  };
});

runSyncContract('the fake Sync', async () => {
  const sync = createFakeSync({ schema });
  const answer = async (outcome: 'applied' | 'rejected') => {
    const reason = outcome === 'rejected' ? { code: 'rejected', message: 'Not now.' } : null;
    for (const { mutationId } of await sync.outbox.list()) sync.settle({ mutationId, outcome, seq: null, reason });
  };
  return {
    sync,
    settleAll: () => answer('applied'),
    rejectAll: () => answer('rejected'),
    async makeConflict() {
      await sync.write((tx) => tx.update('issue', 'a', { title: 'mine' }));
      const fields = { title: { base: 'base', local: 'mine', remote: 'theirs' } };
      sync.setState({
        conflicts: [conflictBetween({ id: 'c1', table: 'issue', key: { id: 'a' }, fields, mutationId: 1 })],
      });
      return 'theirs';
    },
    close: () => sync.close(),
  };
});
