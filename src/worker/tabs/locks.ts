/** The part of the Web Locks API that we use. */
export type Locks = Pick<LockManager, 'request'>;

/** A lock that is held until it is released, or taken away by someone who steals it. */
export interface HeldLock {
  release(): void;
  readonly isHeld: boolean;
  /** Resolves when it is gone, whichever way. */
  readonly gone: Promise<void>;
}

/**
 * Waits for a lock and keeps it. Rejects with the signal's reason when the wait is given up.
 * With `steal` it is taken from whoever holds it.
 */
export function holdLock(
  locks: Locks,
  name: string,
  options: { readonly signal?: AbortSignal; readonly steal?: boolean } = {},
): Promise<HeldLock> {
  return new Promise((resolve, reject) => {
    let isHeld = false;
    const hold = () =>
      new Promise<void>((release) => {
        isHeld = true;
        resolve({
          release: () => {
            isHeld = false;
            release();
          },
          get isHeld() {
            return isHeld;
          },
          gone,
        });
      });
    // A lock that was stolen rejects its request: by then nobody waits for `reject` any more.
    const gone = locks.request(name, options, hold).then(
      () => {
        isHeld = false;
      },
      (error: unknown) => {
        isHeld = false;
        reject(error);
      },
    );
  });
}
