import type { ReactNode } from 'react';
import type { Tone } from '../data/words.ts';

/** A sentence that wants to be read. Errors are announced. */
export function Notice({ tone, children }: { readonly tone: Tone; readonly children: ReactNode }) {
  return (
    <div className="notice" data-tone={tone} role={tone === 'bad' ? 'alert' : undefined}>
      {children}
    </div>
  );
}

export function ErrorNotice({ error }: { readonly error: string | null }) {
  return error === null ? null : <Notice tone="bad">{error}</Notice>;
}
