import { SyncError } from '../../shared/error.ts';
import type { Runtime } from '../../shared/runtime.ts';
import type { AskAnswer, AskQuestion, EnginePush } from '../engine-api.ts';

/** How long a session has to answer before the next one is asked. */
export const ASK_TIMEOUT_MS = 10_000;

/** A session that can be asked. */
export interface AskedSession {
  readonly sessionId: string;
  push(push: EnginePush): void;
}

interface Ask {
  readonly askId: string;
  readonly question: AskQuestion;
  readonly tried: Set<string>;
  asked: string | null;
  stopTimer: () => void;
  resolve(answer: AskAnswer): void;
  reject(error: SyncError): void;
}

/** Asks pages what only they have: the app's token, the app's resolver. One session at a time, the next one when it does not answer. */
export class AskDesk {
  readonly #runtime: Runtime;
  /** Every live session, in the order in which they are asked. */
  readonly #sessions: () => readonly AskedSession[];
  readonly #asks = new Map<string, Ask>();
  /** Sessions that did not answer in time (a hidden tab may be frozen): they are asked last. */
  readonly #silent = new Set<string>();

  readonly #onSilent: (error: SyncError) => void;

  /** `onSilent` is told of a session that does not answer in time, once until it does. */
  constructor(
    runtime: Runtime,
    sessions: () => readonly AskedSession[],
    onSilent: (error: SyncError) => void = () => {},
  ) {
    this.#runtime = runtime;
    this.#sessions = sessions;
    this.#onSilent = onSilent;
  }

  /** @throws SyncError `timeout` when no session answered, `closed`. */
  ask(question: AskQuestion): Promise<AskAnswer> {
    return new Promise((resolve, reject) => {
      const askId = this.#runtime.uuid();
      const ask: Ask = { askId, question, tried: new Set(), asked: null, stopTimer: () => {}, resolve, reject };
      this.#asks.set(askId, ask);
      this.#askNext(ask);
    });
  }

  /** Whether anybody still waited for it. */
  answer(askId: string, answer: AskAnswer): boolean {
    const ask = this.#asks.get(askId);
    if (!ask) return false;
    if (ask.asked) this.#silent.delete(ask.asked);
    this.#end(ask, () => ask.resolve(answer));
    return true;
  }

  /** A session has come: it may be asked what nobody could be asked before. */
  sessionAdded(): void {
    for (const ask of [...this.#asks.values()]) if (ask.asked === null) this.#askNext(ask);
  }

  /** A session has gone: what it was asked goes to the next. */
  sessionRemoved(sessionId: string): void {
    this.#silent.delete(sessionId);
    for (const ask of [...this.#asks.values()]) if (ask.asked === sessionId) this.#askNext(ask);
  }

  close(reason: SyncError): void {
    for (const ask of [...this.#asks.values()]) this.#end(ask, () => ask.reject(reason));
  }

  #askNext(ask: Ask): void {
    ask.stopTimer();
    const next = this.#nextFor(ask);
    ask.asked = next?.sessionId ?? null;
    if (next) ask.tried.add(next.sessionId);
    ask.stopTimer = this.#runtime.setTimer(ASK_TIMEOUT_MS, () => {
      if (next) this.#fellSilent(next, ask.question);
      if (next) this.#askNext(ask);
      else
        this.#end(ask, () =>
          ask.reject(new SyncError('timeout', `No tab answered the ${ask.question.type} question.`)),
        );
    });
    next?.push({ type: 'ask', askId: ask.askId, question: ask.question });
  }

  #fellSilent({ sessionId }: AskedSession, { type }: AskQuestion): void {
    const isNew = !this.#silent.has(sessionId);
    this.#silent.add(sessionId);
    if (isNew)
      this.#onSilent(new SyncError('timeout', `A tab did not answer the ${type} question in ${ASK_TIMEOUT_MS} ms.`));
  }

  #nextFor(ask: Ask): AskedSession | undefined {
    const left = this.#sessions().filter(({ sessionId }) => !ask.tried.has(sessionId));
    return left.find(({ sessionId }) => !this.#silent.has(sessionId)) ?? left[0];
  }

  #end(ask: Ask, settle: () => void): void {
    ask.stopTimer();
    if (this.#asks.delete(ask.askId)) settle();
  }
}
