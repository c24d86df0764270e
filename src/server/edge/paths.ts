/**
 * The route inside a path. The API may lie under any prefix (`/sync/v1/push` is `/v1/push`), unless a base path is
 * given: then under that alone. null when the path is none of ours.
 */
export function routeOf(pathname: string, basePath?: string): string | null {
  if (basePath !== undefined) {
    const base = basePath.replace(/\/+$/, '');
    return pathname.startsWith(`${base}/`) ? pathname.slice(base.length) : null;
  }
  const api = pathname.lastIndexOf('/v1/');
  if (api >= 0) return pathname.slice(api);
  return /\/(health(\/live|\/ready)?|metrics)$/.exec(pathname)?.[0] ?? null;
}
