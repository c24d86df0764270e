import { useEffect, useState } from 'react';
import { ErrorNotice } from './notice.tsx';
import { useAction } from './use-action.ts';

const SHORT = 8;
const SAID_MS = 2_000;

/** An id by its beginning, which is enough to tell it from others; the whole of it goes to the clipboard. */
export function CopiedId({ id, name }: { readonly id: string; readonly name: string }) {
  const action = useAction();
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return;
    const timer = setTimeout(() => setCopied(false), SAID_MS);
    return () => clearTimeout(timer);
  }, [isCopied]);
  const word = isCopied ? 'Copied' : 'Copy';
  const copy = async (window: Window | null) => {
    if (await action.run(() => writeText(window, id))) setCopied(true);
  };
  return (
    <span className="value-line">
      <code title={id}>{id.length > SHORT + 1 ? `${id.slice(0, SHORT)}…` : id}</code>
      <button
        type="button"
        className="link"
        aria-label={`${word} the ${name}`}
        onClick={(event) => void copy(event.currentTarget.ownerDocument.defaultView)}
      >
        {word}
      </button>
      <ErrorNotice error={action.error} />
    </span>
  );
}

/** The panel may stand in another window than its code: only the one with the focus may write. */
async function writeText(window: Window | null, text: string): Promise<void> {
  if (!window?.isSecureContext) throw new Error('Only pages served over HTTPS may write to the clipboard.');
  await window.navigator.clipboard.writeText(text);
}
