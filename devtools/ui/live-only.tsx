import { type ReactNode, useContext } from 'react';
import { BundleContext } from '../data/bundle/bundle-context.ts';

/** What acts on the app: a support bundle, which stands still, has none of it. */
export function LiveOnly({ children }: { readonly children: ReactNode }) {
  return useContext(BundleContext).bundle === null && children;
}
