/**
 * A line to one other party: what a Worker, a MessagePort and a BroadcastChannel have in common.
 *
 * Contract: messages are cloned and arrive in order, or not at all once either side is gone. Nobody is told of that:
 * who needs to know watches a lock. After `close()` nothing is sent or heard.
 */
export interface RpcPort {
  post(message: unknown, transfer?: Transferable[]): void;
  listen(listener: (message: unknown) => void): () => void;
  close(): void;
}

/** The part of Worker, MessagePort and a worker's own scope that a line needs. */
export interface MessageEnd {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void;
  removeEventListener(type: 'message', listener: (event: MessageEvent) => void): void;
}

/** A line over a Worker (on the page), its scope (inside) or a started MessagePort. `onClose` ends what lies below. */
export function messagePort(end: MessageEnd, onClose: () => void = () => {}): RpcPort {
  const listeners = new Set<(event: MessageEvent) => void>();
  let isOpen = true;
  return {
    post(message, transfer = []) {
      if (isOpen) end.postMessage(message, transfer);
    },
    listen(listener) {
      const onMessage = (event: MessageEvent) => listener(event.data);
      listeners.add(onMessage);
      end.addEventListener('message', onMessage);
      return () => {
        listeners.delete(onMessage);
        end.removeEventListener('message', onMessage);
      };
    },
    close() {
      for (const listener of listeners) end.removeEventListener('message', listener);
      listeners.clear();
      isOpen = false;
      onClose();
    },
  };
}

/** A line over a BroadcastChannel. Bytes are copied: a broadcast transfers nothing. */
export function broadcastPort(channel: BroadcastChannel): RpcPort {
  return messagePort(
    {
      postMessage: (message) => channel.postMessage(message),
      addEventListener: (type, listener) => channel.addEventListener(type, listener),
      removeEventListener: (type, listener) => channel.removeEventListener(type, listener),
    },
    () => channel.close(),
  );
}
