'use client';

import type { FC } from 'react';
import { LazyDevtools, LazyPanel } from './shell/entry.tsx';
import type { SyncDevtoolsPanelProps, SyncDevtoolsProps } from './shell/props.ts';

export type { SyncDevtoolsPanelProps, SyncDevtoolsProps } from './shell/props.ts';

/** The `SyncDevtools` of `tidemark/devtools`, in production builds too. Still loaded after the app. */
export const SyncDevtools: FC<SyncDevtoolsProps> = LazyDevtools;

/** The `SyncDevtoolsPanel` of `tidemark/devtools`, in production builds too. */
export const SyncDevtoolsPanel: FC<SyncDevtoolsPanelProps> = LazyPanel;
