import type { ServerOptions } from '../client/sync.ts';

type Auth = NonNullable<ServerOptions['auth']>;

interface Question {
  readonly promise: Promise<string | null>;
  /** Calls of `auth` that have not answered it yet. */
  openCount: number;
  resolve(token: string | null): void;
  reject(error: unknown): void;
}

/** Asks the app for its token. Who asks while it is being fetched, or somebody signs in, gets the same one. */
export class TokenDesk {
  readonly #auth: Auth | undefined;
  readonly #questions = new Map<boolean, Question>();

  constructor(auth: Auth | undefined) {
    this.#auth = auth;
  }

  ask(refresh: boolean): Promise<string | null> {
    const known = this.#questions.get(refresh);
    if (known) return known.promise;
    const question = makeQuestion();
    this.#questions.set(refresh, question);
    this.#call(refresh, question);
    return question.promise;
  }

  /**
   * Somebody has signed in, or wants to go on: what is being asked is asked once more beside it, since the first call may wait for something
   * that never comes (a request over a dead connection). The first token counts.
   */
  askAnew(): void {
    for (const [refresh, question] of [...this.#questions]) this.#call(refresh, question);
  }

  #call(refresh: boolean, question: Question): void {
    question.openCount += 1;
    const end = () => {
      if (this.#questions.get(refresh) === question) this.#questions.delete(refresh);
    };
    this.#given(refresh).then(
      (token) => {
        question.openCount -= 1;
        // Nobody is signed in: as long as another call waits for a person, that is no answer.
        if (token === null && question.openCount > 0) return;
        end();
        question.resolve(token);
      },
      (error: unknown) => {
        question.openCount -= 1;
        if (question.openCount > 0) return;
        end();
        question.reject(error);
      },
    );
  }

  async #given(refresh: boolean): Promise<string | null> {
    return (await this.#auth?.({ refresh })) ?? null;
  }
}

function makeQuestion(): Question {
  let resolve: Question['resolve'] = () => {};
  let reject: Question['reject'] = () => {};
  const promise = new Promise<string | null>((onToken, onError) => {
    resolve = onToken;
    reject = onError;
  });
  return { promise, openCount: 0, resolve, reject };
}
