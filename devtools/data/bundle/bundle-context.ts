import { createContext } from 'react';
import type { OpenBundle } from './bundle-sync.ts';

/** The bundle that is shown in place of the app, if any. */
export const BundleContext = createContext<{
  readonly bundle: OpenBundle | null;
  readonly setBundle: (bundle: OpenBundle | null) => void;
}>({ bundle: null, setBundle: () => {} });
