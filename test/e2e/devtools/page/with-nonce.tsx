import { SyncDevtools as Devtools, SyncDevtoolsPanel as Panel } from 'tidemark/devtools/production';
import { NONCE } from './nonce.ts';

// They stand for `tidemark/devtools` where a production build is to have the panel, under a policy that wants a nonce.

export function SyncDevtools() {
  return <Devtools nonce={NONCE} lab />;
}

export function SyncDevtoolsPanel() {
  return <Panel nonce={NONCE} lab />;
}
