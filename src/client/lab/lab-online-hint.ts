import type { OnlineHint } from '../loop/sync-loop.ts';
import type { Lab } from './lab.ts';

/** What the platform believes of its network, except while the lab is offline: a browser tells that, too. */
export function labOnlineHint(hint: OnlineHint, lab: Lab): OnlineHint {
  const get = () => hint.get() && !lab.conditions.offline;
  return {
    get,
    subscribe(listener) {
      const stopHint = hint.subscribe(() => listener(get()));
      const stopLab = lab.onChanged((before) => {
        if (before.offline !== lab.conditions.offline) listener(get());
      });
      return () => {
        stopHint();
        stopLab();
      };
    },
  };
}
