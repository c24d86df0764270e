/** Reads by id that are asked for in the same turn, as all sockets do after a commit, in one statement. */
export class Gathered<T> {
  readonly #read: (ids: readonly string[]) => Promise<ReadonlyMap<string, T>>;
  #ids = new Set<string>();
  #reading: Promise<ReadonlyMap<string, T>> | null = null;

  constructor(read: (ids: readonly string[]) => Promise<ReadonlyMap<string, T>>) {
    this.#read = read;
  }

  async get(id: string): Promise<T | null> {
    this.#reading ??= Promise.resolve().then(() => this.#send());
    this.#ids.add(id);
    const found = await this.#reading;
    return found.get(id) ?? null;
  }

  async #send(): Promise<ReadonlyMap<string, T>> {
    const ids = [...this.#ids];
    this.#ids = new Set();
    this.#reading = null;
    return this.#read(ids);
  }
}
