import { describe, expect, test } from 'vitest';
import { ASK_TIMEOUT_MS, AskDesk } from '../../../../src/client/engine/ask-desk.ts';
import type { EnginePush } from '../../../../src/client/engine-api.ts';
import { SyncError } from '../../../../src/shared/error.ts';
import { manualRuntime } from '../../../../src/testing/manual-runtime.ts';

const QUESTION = { type: 'token', refresh: false } as const;

class Page {
  readonly sessionId: string;
  readonly asked: string[] = [];

  constructor(sessionId: string) {
    this.sessionId = sessionId;
  }

  push(push: EnginePush): void {
    if (push.type === 'ask') this.asked.push(push.askId);
  }
}

function setUp(...pages: Page[]) {
  const time = manualRuntime();
  const silent: string[] = [];
  const desk = new AskDesk(
    time,
    () => pages,
    ({ kind }) => silent.push(kind),
  );
  return { time, pages, desk, silent };
}

describe('asking the pages', () => {
  test('asks one session and takes its answer', async () => {
    const [first, second] = [new Page('1'), new Page('2')];
    const { desk } = setUp(first, second);
    const answer = desk.ask(QUESTION);
    desk.answer(first.asked[0] ?? '', { type: 'token', token: 'abc' });
    expect(await answer).toEqual({ type: 'token', token: 'abc' });
    expect(second.asked).toEqual([]);
  });

  test('asks the next session when one goes away or is silent, and takes whichever answer comes first', async () => {
    const [first, second, third] = [new Page('1'), new Page('2'), new Page('3')];
    const { desk, pages, time } = setUp(first, second, third);
    const answer = desk.ask(QUESTION);
    pages.shift();
    desk.sessionRemoved('1');
    expect([second.asked.length, third.asked.length]).toEqual([1, 0]);
    await time.advance(ASK_TIMEOUT_MS);
    expect(third.asked).toEqual(second.asked);
    desk.answer(second.asked[0] ?? '', { type: 'failed', message: 'late' });
    desk.answer(third.asked[0] ?? '', { type: 'token', token: null });
    expect(await answer).toEqual({ type: 'failed', message: 'late' });
  });

  test('asks a session that was silent last, until it answers again', async () => {
    const [first, second] = [new Page('1'), new Page('2')];
    const { desk, time, silent } = setUp(first, second);
    const answer = { type: 'token', token: 'x' } as const;
    const opening = desk.ask(QUESTION);
    await time.advance(ASK_TIMEOUT_MS);
    desk.answer(second.asked[0] ?? '', answer);
    await opening;
    const again = desk.ask(QUESTION);
    expect([first.asked.length, second.asked.length]).toEqual([1, 2]);
    await time.advance(ASK_TIMEOUT_MS);
    desk.answer(first.asked[1] ?? '', answer);
    await again;
    void desk.ask(QUESTION).catch(() => {});
    expect([first.asked.length, second.asked.length]).toEqual([3, 2]);
    // Each was told of once.
    expect(silent).toEqual(['timeout', 'timeout']);
  });

  test('waits for a session to come, and gives up when none answers', async () => {
    const late = new Page('late');
    const { desk, pages, time } = setUp();
    const answer = desk.ask(QUESTION);
    await time.advance(ASK_TIMEOUT_MS / 2);
    pages.push(late);
    desk.sessionAdded();
    expect(late.asked.length).toBe(1);
    const refused = expect(answer).rejects.toMatchObject({ kind: 'timeout' });
    await time.advance(2 * ASK_TIMEOUT_MS);
    await refused;
    expect(late.asked.length).toBe(1);
  });

  test('rejects what is open when the engine closes', async () => {
    const { desk } = setUp(new Page('1'));
    const answer = desk.ask(QUESTION);
    desk.close(new SyncError('closed', 'closed'));
    await expect(answer).rejects.toMatchObject({ kind: 'closed' });
  });
});
