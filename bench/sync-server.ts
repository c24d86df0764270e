import { encode } from 'tidemark/protocol';
import { createSyncServer, serve } from 'tidemark/server';
import { sqliteStorage } from 'tidemark/server/sqlite';
import { makeHlc } from '../src/core/hlc.ts';
import { benchSchema, makeIssues } from './schema.ts';

const ISSUE_COUNT = 100_000;
const CHUNK = 2_000;

/** A server over one file, filled through its own front door. */
export async function createBenchServer(file: string): Promise<{ url: string; close(): Promise<void> }> {
  const server = createSyncServer({ schema: benchSchema, storage: sqliteStorage({ file }), cors: { origins: '*' } });
  for (let from = 0; from < ISSUE_COUNT; from += CHUNK) {
    const mutation = {
      mutationId: from / CHUNK + 1,
      hlc: makeHlc(Date.UTC(2026, 0, 1), 0),
      base: 0,
      changes: makeIssues(from, CHUNK).map(({ id, ...columns }) => ({ table: 'issue', key: [id], op: 'put', columns })),
    };
    const answer = await server.fetch(
      new Request('http://localhost/v1/push', {
        method: 'POST',
        headers: { 'content-type': 'application/cbor' },
        body: encode({ clientId: 'filler', schemaVersion: 1, mutations: [mutation], decides: [] }) as BodyInit,
      }),
    );
    if (!answer.ok) throw new Error(`Filling the server failed with ${answer.status}.`);
  }
  return serve(server, { port: 0, hostname: '127.0.0.1' });
}
