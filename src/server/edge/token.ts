/** The bearer token of a request (RFC 6750, section 2.1): never one in its URL, which ends up in logs. */
export function tokenOf({ headers }: Request): string | null {
  return /^Bearer +([^\s]+)$/i.exec(headers.get('authorization') ?? '')?.[1] ?? null;
}

/** The subprotocol that is spoken, and the one that carries a token for a client that cannot send it in its hello. */
export const SOCKET_PROTOCOL = 'tidemark';
const TOKEN_PREFIX = 'tidemark.bearer.';

/** The token among the subprotocols that a socket was opened with: `['tidemark', 'tidemark.bearer.<token>']`. */
export function tokenOfProtocols(request: Request | undefined): string | null {
  const offered = request?.headers.get('sec-websocket-protocol')?.split(',') ?? [];
  const found = offered.map((one) => one.trim()).find((one) => one.startsWith(TOKEN_PREFIX));
  return found?.slice(TOKEN_PREFIX.length) || null;
}
