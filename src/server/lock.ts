/** Runs asynchronous sections one after the other, in the order they came. */
export class Lock {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(section: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(section);
    this.#last = mine.catch(() => undefined);
    return mine;
  }

  /** Resolves once everything that was waiting has run. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
