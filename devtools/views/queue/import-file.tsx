import { type ChangeEvent, useRef, useState } from 'react';
import type { OutboxImport } from '../../../src/client/types.ts';
import { useInspectedSync } from '../../data/inspected.ts';
import { countWords, formatCount } from '../../data/words.ts';
import { Confirm } from '../../ui/confirm.tsx';
import { ErrorNotice, Notice } from '../../ui/notice.tsx';
import { useAction } from '../../ui/use-action.ts';

/** Takes an exported file, says what writing it again means, and what became of it. */
export function ImportButton() {
  const sync = useInspectedSync();
  const action = useAction();
  const input = useRef<HTMLInputElement>(null);
  const [file, setFile] = useState<File | null>(null);
  const [result, setResult] = useState<OutboxImport | null>(null);
  const choose = (event: ChangeEvent<HTMLInputElement>) => {
    setResult(null);
    setFile(event.target.files?.[0] ?? null);
    // The same file may be chosen again.
    event.target.value = '';
  };
  const read = async (chosen: File) => {
    await action.run(async () => setResult(await sync.outbox.import(await chosen.text())));
    setFile(null);
  };
  return (
    <>
      <button type="button" disabled={action.isRunning} onClick={() => input.current?.click()}>
        Import…
      </button>
      <input
        ref={input}
        className="hidden"
        type="file"
        accept=".json,application/json"
        aria-label="File of unsent work"
        tabIndex={-1}
        onChange={choose}
      />
      {file && (
        <Confirm
          title={`Write the work of ${file.name} again?`}
          action="Write it again"
          cancel="Cancel"
          isRunning={action.isRunning}
          onConfirm={() => void read(file)}
          onCancel={() => setFile(null)}
        >
          <p>Each mutation of the file is written anew on this device, as of now, and goes up like any other.</p>
          <p>
            What the file’s writer had seen is not part of it: where somebody changed the same columns since, the file’s
            values win without a conflict. What still waits here is left out.
          </p>
        </Confirm>
      )}
      <ErrorNotice error={action.error} />
      {result && <ImportResult result={result} />}
    </>
  );
}
const REASONS_SHOWN = 5;

function ImportResult({ result: { writtenCount, skipped } }: { readonly result: OutboxImport }) {
  return (
    <Notice tone={skipped.length > 0 ? 'warn' : 'ok'}>
      <p role="status">
        {countWords(writtenCount, 'mutation')} written again
        {skipped.length > 0 && `, ${formatCount(skipped.length)} left out`}.
      </p>
      {skipped.slice(0, REASONS_SHOWN).map(({ mutationId, reason }) => (
        <p key={mutationId}>
          <span className="mono">#{mutationId}</span> {reason}
        </p>
      ))}
    </Notice>
  );
}
