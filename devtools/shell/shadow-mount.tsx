import { type ReactNode, useEffect, useState } from 'react';
import { type Theme, usePreference } from './preferences.ts';
import { openShadowTree, type ShadowTree } from './shadow.ts';

interface ShadowMountProps {
  /** Only read when it mounts. */
  readonly nonce?: string | undefined;
  /** The colours until a person chooses others. */
  readonly theme?: Theme | undefined;
  readonly children: ReactNode;
}

/** Renders its children in a shadow root where it stands, filling the space it is given. */
export function ShadowMountHere(props: ShadowMountProps) {
  const [host, setHost] = useState<HTMLElement | null>(null);
  useShadowTree(host, props);
  return <div ref={setHost} data-tidemark-devtools="panel" />;
}

/** Renders its children in a shadow root at the end of the body: no ancestor clips, moves or covers them. */
export function ShadowMountInBody(props: ShadowMountProps) {
  const [host, setHost] = useState<HTMLElement | null>(null);
  useEffect(() => {
    const element = document.createElement('div');
    element.dataset.tidemarkDevtools = 'floating';
    document.body.append(element);
    setHost(element);
    return () => element.remove();
  }, []);
  useShadowTree(host, props);
  return null;
}

/** Renders its children in a shadow root that is all of another window. */
export function ShadowMountInWindow({ target, ...props }: ShadowMountProps & { readonly target: Window }) {
  const [host, setHost] = useState<HTMLElement | null>(null);
  useEffect(() => {
    const page = target.document;
    page.documentElement.lang = 'en';
    page.title = `tidemark devtools: ${document.title}`;
    const element = page.createElement('div');
    element.dataset.tidemarkDevtools = 'window';
    page.body.replaceChildren(element);
    setHost(element);
    return () => element.remove();
  }, [target]);
  useShadowTree(host, props);
  return null;
}

function useShadowTree(host: HTMLElement | null, { nonce, theme = 'system', children }: ShadowMountProps): void {
  const [tree, setTree] = useState<ShadowTree | null>(null);
  const [chosen] = usePreference('theme', theme);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the nonce belongs to the page's load and never changes
  useEffect(() => {
    if (!host) return;
    const opened = openShadowTree(host, nonce);
    setTree(opened);
    return () => opened.close();
  }, [host]);
  useEffect(() => {
    if (host) host.dataset.theme = chosen;
  }, [host, chosen]);
  useEffect(() => tree?.render(children), [tree, children]);
}
