'use client';

import type { FC } from 'react';
import { lazily } from './shell/entry.tsx';
import type { SyncDevtoolsPanelProps, SyncDevtoolsProps } from './shell/props.ts';

export type { SyncDevtoolsPanelProps, SyncDevtoolsProps } from './shell/props.ts';

const Nothing = () => null;

/**
 * A floating button that tells the state of sync, and the panel that it opens: queue, cursors, conflicts, events.
 * It is loaded after the app, and is nothing at all in a production build: import `tidemark/devtools/production` to have it there.
 *
 * @example
 * ```tsx
 * <SyncProvider sync={sync}>
 *   <App />
 *   <SyncDevtools />
 * </SyncProvider>
 * ```
 */
export const SyncDevtools: FC<SyncDevtoolsProps> =
  process.env.NODE_ENV === 'production'
    ? Nothing
    : lazily<SyncDevtoolsProps>(async () => (await import('./shell/floating.tsx')).FloatingDevtools);

/** The panel alone, to stand anywhere in a page of the app; it fills its parent. Nothing in a production build. */
export const SyncDevtoolsPanel: FC<SyncDevtoolsPanelProps> =
  process.env.NODE_ENV === 'production'
    ? Nothing
    : lazily<SyncDevtoolsPanelProps>(async () => (await import('./shell/embedded.tsx')).EmbeddedPanel);
