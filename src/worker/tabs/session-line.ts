import type { RpcPort } from '../../client/rpc/port.ts';
import type { SessionMessage } from './messages.ts';

/**
 * The line between a session and the leader of one term, over the session's channel: `towards` is where our messages
 * go. What belongs to another term is not heard, so a leader that does not know yet that it was replaced says nothing to
 * anyone. Closing it leaves the channel open for the next term.
 */
export function sessionLine(channel: RpcPort, towards: 'leader' | 'session', term: number): RpcPort {
  const stops = new Set<() => void>();
  let isOpen = true;
  return {
    post(body) {
      const message: SessionMessage = { to: towards, term, body };
      if (isOpen) channel.post(message);
    },
    listen(listener) {
      const stop = channel.listen((received) => {
        const message = received as SessionMessage;
        if (message.to !== towards && message.term === term && 'body' in message) listener(message.body);
      });
      stops.add(stop);
      return () => {
        stops.delete(stop);
        stop();
      };
    },
    close() {
      isOpen = false;
      for (const stop of stops) stop();
      stops.clear();
    },
  };
}
