/** An async mutex that knows whether somebody is inside, and that a test can hold. */
export function createGate() {
  let last: Promise<unknown> = Promise.resolve();
  let isInside = false;
  const exclusive = <T>(fn: () => T | Promise<T>): Promise<T> => {
    const turn = last.then(async () => {
      isInside = true;
      try {
        return await fn();
      } finally {
        isInside = false;
      }
    });
    last = turn.catch(() => {});
    return turn;
  };
  return {
    exclusive,
    isInside: () => isInside,
    /** As an app does with a long transaction: nobody else gets in until the returned function is called. */
    hold(): () => void {
      let release = () => {};
      void exclusive(
        () =>
          new Promise<void>((resolve) => {
            release = resolve;
          }),
      );
      return () => release();
    },
  };
}
