import { encode } from 'tidemark/protocol';
import { makeHlc } from '../src/core/hlc.ts';
import { makeIssues } from './schema.ts';

/** A request as a client sends it, without the network. */
export function pushRequest(body: Uint8Array, path = '/v1/push'): Request {
  return new Request(`http://localhost${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/cbor' },
    body: body as BodyInit,
  });
}

/** The push number `batch` of new issues, `count` in each. */
export function pushBody(batch: number, count: number): Uint8Array {
  const mutations = makeIssues(batch * count, count).map(({ id, ...columns }, index) => ({
    mutationId: batch * count + index + 1,
    hlc: makeHlc(Date.UTC(2026, 0, 1), batch * count + index),
    base: 0,
    changes: [{ table: 'issue', key: [id], op: 'put' as const, columns }],
  }));
  return encode({ clientId: 'bench', schemaVersion: 1, mutations, decides: [] });
}
