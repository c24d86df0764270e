import { expect, test } from 'vitest';
import type { PullPage, PullRequest } from '../../../src/protocol/messages/pull.ts';
import { ana, ben, memoryService, Pusher, patch, putIssue } from './support/fixture.ts';

const request = (rest: Partial<PullRequest> = {}): PullRequest => ({
  clientId: 'device',
  schemaVersion: 2,
  cursor: null,
  scopes: [],
  resume: null,
  ...rest,
});

async function chainOf(
  pull: (resume: string | null) => Promise<PullPage>,
  between: () => Promise<unknown> = async () => {},
): Promise<PullPage[]> {
  const pages: PullPage[] = [];
  for (let resume: string | null = null; ; ) {
    const page = await pull(resume);
    pages.push(page);
    if (page.resume === null) return pages;
    resume = page.resume;
    await between();
  }
}

test('a snapshot tells the client which of its unanswered mutations it holds, with their stamps', async () => {
  const service = await memoryService();
  const device = new Pusher(service, 'device');
  const sent = [device.mutation([putIssue('1')]), device.mutation([patch('issue', '1', {}, { votes: 2 })])];
  await device.send(sent);
  const page = await service.pull(ana, request({ unanswered: [{ clientId: 'device', from: 2, to: 9 }] }));
  expect(page.outcomes).toEqual([{ mutationId: 2, hlc: sent[1]?.hlc, outcome: 'applied', seq: 2, conflicts: [] }]);
});

test('a pull that asks for no outcomes gets none', async () => {
  const service = await memoryService();
  await new Pusher(service, 'device').push([putIssue('1')]);
  expect(await service.pull(ana, request())).not.toHaveProperty('outcomes');
});

test('a pull of changes gets none either: the log says whose each commit is', async () => {
  const service = await memoryService();
  const first = await service.pull(ana, request());
  await new Pusher(service, 'device').push([putIssue('1')]);
  const unanswered = [{ clientId: 'device', from: 1, to: 9 }];
  const page = await service.pull(ana, request({ cursor: first.cursor, scopes: first.scopes, unanswered }));
  expect(page.transactions).toHaveLength(1);
  expect(page).not.toHaveProperty('outcomes');
});

test('mutations without a commit are not in a snapshot, nor are those of other clients', async () => {
  const service = await memoryService();
  const device = new Pusher(service, 'device');
  await device.push([patch('issue', 'nowhere', { title: 'x' })]);
  await new Pusher(service, 'other').push([putIssue('1')]);
  const page = await service.pull(ana, request({ unanswered: [{ clientId: 'device', from: 1, to: 9 }] }));
  expect(page.outcomes).toEqual([]);
});

test('mutations sent under an earlier id of the same person are told of, those of others are not', async () => {
  const service = await memoryService();
  await new Pusher(service, 'copied-from').push([putIssue('1')]);
  await new Pusher(service, 'bens', ben).push([putIssue('2')]);
  const unanswered = ['copied-from', 'bens', 'unknown'].map((clientId) => ({ clientId, from: 1, to: 1 }));
  const page = await service.pull(ana, request({ unanswered }));
  expect(page.outcomes?.map(({ seq }) => seq)).toEqual([1]);
});

test('a mutation that a copy sent under an id of its own is told of too', async () => {
  const service = await memoryService();
  const [device, copy] = [new Pusher(service, 'device'), new Pusher(service, 'device.1.00000190000010aa')];
  const both = device.mutation([putIssue('1')]);
  await copy.send([both]);
  const page = await service.pull(ana, request({ unanswered: [{ clientId: 'device', from: 1, to: 1 }] }));
  expect(page.outcomes).toEqual([{ mutationId: 1, hlc: both.hlc, outcome: 'applied', seq: 1, conflicts: [] }]);
});

test('what is committed between the pages is told of exactly where the chain has it', async () => {
  const service = await memoryService();
  const rows = Array.from({ length: 80 }, (_, n) => putIssue(`i${n}`, { body: 'b'.repeat(90) }));
  await service.mutate(null, [...rows, putIssue('z')]);
  const device = new Pusher(service, 'device');
  const unanswered = [{ clientId: 'device', from: 1, to: 1_000 }];
  const pull = (resume: string | null) => service.pull(ana, request({ resume, unanswered, maxBytes: 1_024 }));
  const vote = () => device.push([patch('issue', 'z', {}, { votes: 1 })]);
  const pages = await chainOf(pull, vote);
  const told = pages.flatMap(({ outcomes }) => outcomes ?? []);
  const end = pages.at(-1)?.cursor?.seq ?? 0;
  expect(pages.length).toBeGreaterThan(5);
  expect(told.map(({ seq }) => seq)).toEqual(Array.from({ length: end - 1 }, (_, n) => n + 2));
});

test('more outcomes than fit on a page come in pages of their own, each once', async () => {
  const service = await memoryService();
  const device = new Pusher(service, 'device');
  const sent = Array.from({ length: 300 }, (_, n) => device.mutation([putIssue(`i${n}`)]));
  await device.send(sent);
  const pull = (resume: string | null) =>
    service.pull(ana, request({ resume, unanswered: [{ clientId: 'device', from: 1, to: 30_000 }], maxBytes: 1_024 }));
  let late = 0;
  const pages = await chainOf(pull, async () => {
    late += 1;
    await device.push([patch('issue', 'i1', {}, { votes: 1 })]);
  });
  const told = pages.flatMap(({ outcomes }) => outcomes ?? []);
  const end = pages.at(-1)?.cursor?.seq ?? 0;
  const withOutcomes = pages.filter(({ outcomes }) => outcomes !== undefined);
  expect(withOutcomes.length).toBeGreaterThan(3);
  expect(late).toBeGreaterThan(3);
  expect(told.map(({ mutationId }) => mutationId)).toEqual(Array.from({ length: end }, (_, n) => n + 1));
});
