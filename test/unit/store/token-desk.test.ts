import { expect, test } from 'vitest';
import { TokenDesk } from '../../../src/store/token-desk.ts';

/** An app whose calls of `auth` are answered by hand, in any order. */
function appAsked() {
  const calls: { refresh: boolean; resolve: (token: string | null) => void; reject: (error: Error) => void }[] = [];
  const desk = new TokenDesk(
    ({ refresh }) => new Promise<string | null>((resolve, reject) => calls.push({ refresh, resolve, reject })),
  );
  return { desk, calls };
}

test('who asks while the app is being asked gets the same token', async () => {
  const { desk, calls } = appAsked();
  const both = [desk.ask(false), desk.ask(false)];
  expect(calls).toHaveLength(1);
  calls[0]?.resolve('t');
  expect(await Promise.all(both)).toEqual(['t', 't']);
  void desk.ask(false);
  expect(calls).toHaveLength(2);
});

test('a call that never answers is not waited for once somebody asks anew', async () => {
  const { desk, calls } = appAsked();
  const asked = desk.ask(true);
  desk.askAnew();
  expect(calls.map(({ refresh }) => refresh)).toEqual([true, true]);
  calls[1]?.resolve('new');
  expect(await asked).toBe('new');
  calls[0]?.resolve('late');
  expect(await asked).toBe('new');
});

test('while one call waits for a person, that nobody is signed in is no answer of another', async () => {
  const { desk, calls } = appAsked();
  const asked = desk.ask(false);
  desk.askAnew();
  calls[1]?.resolve(null);
  desk.askAnew();
  calls[2]?.reject(new Error('no'));
  calls[0]?.resolve('signed in');
  expect(await asked).toBe('signed in');
});

test('the last answer counts, whatever it is, and nothing is asked anew where nobody asks', async () => {
  const { desk, calls } = appAsked();
  desk.askAnew();
  expect(calls).toEqual([]);
  const asked = desk.ask(false);
  desk.askAnew();
  calls[0]?.resolve(null);
  calls[1]?.reject(new Error('no'));
  await expect(asked).rejects.toThrow('no');
  expect(await new TokenDesk(undefined).ask(false)).toBeNull();
});

test('a function that throws at once is an answer, too', async () => {
  const desk = new TokenDesk(() => {
    throw new Error('at once');
  });
  await expect(desk.ask(false)).rejects.toThrow('at once');
});
