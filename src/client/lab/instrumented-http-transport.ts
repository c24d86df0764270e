import { type HttpTransportOptions, httpTransport } from '../../transport/http-transport.ts';
import type { Transport } from '../../transport/transport.ts';
import type { WebSocketConstructor } from '../../transport/web-socket.ts';
import { instrumentedFetch } from './instrumented-fetch.ts';
import { instrumentedWebSocket } from './instrumented-socket.ts';
import type { Instruments } from './instruments.ts';

/** {@link httpTransport} over the `fetch` and the `WebSocket` of this place, both instrumented. */
export function instrumentedHttpTransport(options: HttpTransportOptions, instruments: Instruments): Transport {
  // Its handlers are typed to get whole events; ours read one field of them.
  const socket = globalThis.WebSocket as unknown as WebSocketConstructor | undefined;
  return httpTransport({
    ...options,
    fetch: instrumentedFetch((url, init) => globalThis.fetch(url, init), instruments),
    WebSocket: socket ? instrumentedWebSocket(socket, instruments) : null,
  });
}
