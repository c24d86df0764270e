/** A node that is a process of its own, to be killed: pushes one entry after the other, and says which it has an answer to. */
import { createSyncService } from '../../../src/server/create-service.ts';
import { postgresStorage } from '../../../src/server/postgres/index.ts';
import { Pusher } from '../../unit/server/support/fixture.ts';
import { ENTRIES, entryOf } from './entries.ts';

const [url = '', clientId = ''] = process.argv.slice(2);
const node = await createSyncService({ schema: ENTRIES, storage: postgresStorage({ url }) });
const pusher = new Pusher(node, clientId);
for (let index = 0; ; index += 1) {
  const { outcome } = await pusher.push([entryOf(clientId, index)]);
  if (outcome === 'applied') process.send?.(index);
}
