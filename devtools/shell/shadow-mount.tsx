import { type ReactNode, useEffect, useState } from 'react';
import { openShadowTree, type ShadowTree } from './shadow.ts';

interface ShadowMountProps {
  /** Only read when it mounts. */
  readonly nonce?: string | undefined;
  readonly children: ReactNode;
}

/** Renders its children in a shadow root where it stands, filling the space it is given. */
export function ShadowMountHere({ nonce, children }: ShadowMountProps) {
  const [host, setHost] = useState<HTMLElement | null>(null);
  useShadowTree(host, nonce, children);
  return <div ref={setHost} data-tidemark-devtools="panel" />;
}

/** Renders its children in a shadow root at the end of the body: no ancestor clips, moves or covers them. */
export function ShadowMountInBody({ nonce, children }: ShadowMountProps) {
  const [host, setHost] = useState<HTMLElement | null>(null);
  useEffect(() => {
    const element = document.createElement('div');
    element.dataset.tidemarkDevtools = 'floating';
    document.body.append(element);
    setHost(element);
    return () => element.remove();
  }, []);
  useShadowTree(host, nonce, children);
  return null;
}

function useShadowTree(host: HTMLElement | null, nonce: string | undefined, children: ReactNode): void {
  const [tree, setTree] = useState<ShadowTree | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the nonce belongs to the page's load and never changes
  useEffect(() => {
    if (!host) return;
    const opened = openShadowTree(host, nonce);
    setTree(opened);
    return () => opened.close();
  }, [host]);
  useEffect(() => tree?.render(children), [tree, children]);
}
