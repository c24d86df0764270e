import type { ReactNode } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { STYLES } from '../styles/styles.ts';

/**
 * A React tree of its own inside a shadow root: neither styles, nor errors, nor Suspense, nor events of the panel reach
 * the app, and none of the app's reach the panel.
 */
export interface ShadowTree {
  render(children: ReactNode): void;
  close(): void;
}

export function openShadowTree(host: HTMLElement, nonce: string | undefined): ShadowTree {
  const shadow = host.shadowRoot ?? host.attachShadow({ mode: 'open' });
  adoptStyles(shadow, nonce);
  // The host may stand in a window of its own: everything is made there.
  const container = host.ownerDocument.createElement('div');
  container.className = 'root';
  shadow.append(container);
  const release = keepKeysInside(host);
  const root: Root = createRoot(container);
  return {
    render: (children) => root.render(children),
    close() {
      release();
      // A root cannot be unmounted while another one renders, and this runs in an effect of the app.
      setTimeout(() => {
        root.unmount();
        container.remove();
      });
    },
  };
}

/** A constructed style sheet needs no permission of a Content-Security-Policy; a style element needs its nonce. */
function adoptStyles(shadow: ShadowRoot, nonce: string | undefined): void {
  const page = shadow.ownerDocument;
  // A sheet can be adopted only in the document whose window made it.
  const Sheet = page.defaultView?.CSSStyleSheet;
  if (nonce === undefined && 'adoptedStyleSheets' in shadow && typeof Sheet === 'function') {
    const sheet = new Sheet();
    sheet.replaceSync(STYLES);
    shadow.adoptedStyleSheets = [sheet];
    return;
  }
  if (shadow.querySelector('style')) return;
  const style = page.createElement('style');
  if (nonce !== undefined) style.nonce = nonce;
  style.textContent = STYLES;
  shadow.append(style);
}

/** From outside, the target of a key in the panel is its host, no input: the app's shortcuts would take what is typed. */
function keepKeysInside(host: HTMLElement): () => void {
  const stop = (event: Event) => event.stopPropagation();
  const types = ['keydown', 'keypress', 'keyup'] as const;
  for (const type of types) host.addEventListener(type, stop);
  return () => {
    for (const type of types) host.removeEventListener(type, stop);
  };
}
