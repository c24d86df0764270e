import type { ServerStorage } from '../../../src/server/storage.ts';
import type { ClientPlants } from './client.ts';
import type { Process } from './process.ts';

/** A mistake put in through the ports: the shipped code knows nothing of it. */
export interface Plant extends ClientPlants {
  readonly storage?: (storage: ServerStorage, process: Process) => ServerStorage;
}
