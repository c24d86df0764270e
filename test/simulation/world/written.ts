/** A write of an entry, as an observer outside the client remembers it. */
export interface Written {
  readonly author: string;
  readonly user: string;
  readonly tally: string;
  readonly amount: number;
  /** `write()` has resolved. */
  isAcknowledged: boolean;
}
