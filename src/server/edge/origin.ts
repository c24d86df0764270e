import type { CorsOptions } from './options.ts';

/** Whether `cors` lets this other origin call. */
export function allowsOrigin(cors: CorsOptions | undefined, origin: string): boolean {
  if (!cors) return false;
  if (typeof cors.origins === 'function') return cors.origins(origin);
  return cors.origins === '*' || cors.origins.includes(origin);
}

/**
 * Whether a browser page of the request's origin may open a socket: the same-origin policy does not cover sockets, so the
 * server must. Requests that name no origin do not come from a page. Behind a proxy the host that the page used stands
 * in `x-forwarded-host`, which no page can set.
 */
export function mayOpenSocket(cors: CorsOptions | undefined, { headers }: Request): boolean {
  const origin = headers.get('origin');
  if (origin === null) return true;
  const host = URL.canParse(origin) ? new URL(origin).host : null;
  const ownHosts = [headers.get('host'), headers.get('x-forwarded-host')];
  return (host !== null && ownHosts.includes(host)) || allowsOrigin(cors, origin);
}
