import { useSyncExternalStore } from 'react';

/** Where the person is: the hash of the URL, so that a reload and a bookmark lead back. */
export type Route = { readonly page: 'issues'; readonly issueId: string | null } | { readonly page: 'devices' };

export function useRoute(): Route {
  const hash = useSyncExternalStore(subscribe, () => window.location.hash);
  return parse(hash);
}

export const toIssue = (issueId: string): string => `#/issue/${encodeURIComponent(issueId)}`;
export const TO_ISSUES = '#/';
export const TO_DEVICES = '#/devices';

export function go(hash: string): void {
  window.location.hash = hash;
}

function parse(hash: string): Route {
  if (hash === TO_DEVICES) return { page: 'devices' };
  const issueId = /^#\/issue\/(.+)$/.exec(hash)?.[1];
  return { page: 'issues', issueId: issueId === undefined ? null : decodeURIComponent(issueId) };
}

function subscribe(listener: () => void): () => void {
  window.addEventListener('hashchange', listener);
  return () => window.removeEventListener('hashchange', listener);
}
