'use client';

import type { FC } from 'react';
import { lazily } from './shell/entry.tsx';
import type { SyncDevtoolsPanelProps, SyncDevtoolsProps } from './shell/props.ts';

export type { SyncDevtoolsPanelProps, SyncDevtoolsProps } from './shell/props.ts';

/** The `SyncDevtools` of `tidemark/devtools`, in production builds too. Still loaded after the app. */
export const SyncDevtools: FC<SyncDevtoolsProps> = /* @__PURE__ */ lazily<SyncDevtoolsProps>(
  async () => (await import('./shell/floating.tsx')).FloatingDevtools,
);

/** The `SyncDevtoolsPanel` of `tidemark/devtools`, in production builds too. */
export const SyncDevtoolsPanel: FC<SyncDevtoolsPanelProps> = /* @__PURE__ */ lazily<SyncDevtoolsPanelProps>(
  async () => (await import('./shell/embedded.tsx')).EmbeddedPanel,
);
