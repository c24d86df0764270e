import { type ChangeEvent, useRef, useState } from 'react';
import type { OutboxImport } from '../../../src/client/types.ts';
import { useInspectedSync } from '../../data/inspected.ts';
import { countWords, formatCount } from '../../data/words.ts';
import { createWork, type Work } from '../../data/work.ts';
import { Confirm } from '../../ui/confirm.tsx';
import { ErrorNotice, Notice } from '../../ui/notice.tsx';
import { WorkProgress } from '../../ui/work-progress.tsx';

/** A file of unsent work on its way into the queue. */
export interface ImportedWork {
  /** What was chosen, until it is decided. */
  readonly file: File | null;
  readonly work: Work<OutboxImport>;
  readonly choose: (file: File | null) => void;
  readonly read: (file: File) => void;
}

const useImports = createWork<OutboxImport>();

export function useImportedWork(): ImportedWork {
  const sync = useInspectedSync();
  const work = useImports(sync);
  const [file, setFile] = useState<File | null>(null);
  return {
    file,
    work,
    choose(chosen) {
      work.dismiss();
      setFile(chosen);
    },
    read(chosen) {
      setFile(null);
      void work.run(async (call) => sync.outbox.import(await chosen.text(), call));
    },
  };
}

/** Takes an exported file. */
export function ImportButton({ imported: { work, choose } }: { readonly imported: ImportedWork }) {
  const input = useRef<HTMLInputElement>(null);
  const onChange = (event: ChangeEvent<HTMLInputElement>) => {
    choose(event.target.files?.[0] ?? null);
    // The same file may be chosen again.
    event.target.value = '';
  };
  return (
    <>
      <button type="button" disabled={work.isRunning} onClick={() => input.current?.click()}>
        {work.isRunning ? 'Importing…' : 'Import…'}
      </button>
      <input
        ref={input}
        className="hidden"
        type="file"
        accept=".json,application/json"
        aria-label="File of unsent work"
        tabIndex={-1}
        onChange={onChange}
      />
    </>
  );
}

/** Says what writing a file again means, and what became of it. */
export function ImportNotices({ imported: { file, work, choose, read } }: { readonly imported: ImportedWork }) {
  return (
    <>
      {file && (
        <Confirm
          title={`Write the work of ${file.name} again?`}
          action="Write it again"
          cancel="Cancel"
          isRunning={work.isRunning}
          onConfirm={() => read(file)}
          onCancel={() => choose(null)}
        >
          <p>Each mutation of the file is written anew on this device, as of now, and goes up like any other.</p>
          <p>
            Where somebody changed the same columns since the file’s writer had seen them, the policy of the table
            decides, or you are asked. A file of an older version does not tell: it wins without a conflict. What still
            waits here, or was taken over before, is left out.
          </p>
        </Confirm>
      )}
      <WorkProgress label="Writing" work={work} />
      <ErrorNotice error={work.error} />
      {work.result && <ImportResult result={work.result} onDismiss={work.dismiss} />}
    </>
  );
}

const REASONS_SHOWN = 5;

const HISTORY_WORDS: Readonly<Record<OutboxImport['history'], string>> = {
  same: 'What others changed since they were written is met as a conflict.',
  other:
    'The file is of another history: what its writer had seen does not count here, so it may conflict with what was in view.',
  untold: 'The file does not tell what its writer had seen: they are written over what is here now.',
};

interface ImportResultProps {
  readonly result: OutboxImport;
  readonly onDismiss: () => void;
}

function ImportResult({ result: { writtenCount, history, skipped }, onDismiss }: ImportResultProps) {
  const reasons = byReason(skipped);
  return (
    <Notice tone={skipped.length > 0 ? 'warn' : 'ok'}>
      <p role="status">
        {countWords(writtenCount, 'mutation')} written again
        {skipped.length > 0 && `, ${formatCount(skipped.length)} left out`}.
      </p>
      {writtenCount > 0 && <p>{HISTORY_WORDS[history]}</p>}
      {reasons.slice(0, REASONS_SHOWN).map(([reason, [first, ...others]]) => (
        <p key={reason}>
          <span className="mono">#{first}</span>
          {others.length > 0 && ` and ${formatCount(others.length)} more:`} {reason}
        </p>
      ))}
      {reasons.length > REASONS_SHOWN && (
        <p className="muted">and for {countWords(reasons.length - REASONS_SHOWN, 'other reason')}</p>
      )}
      <div className="actions">
        <button type="button" onClick={onDismiss}>
          Dismiss
        </button>
      </div>
    </Notice>
  );
}

/** The mutations that were left out for the same reason, together. */
function byReason(skipped: OutboxImport['skipped']): [reason: string, mutationIds: number[]][] {
  const groups = new Map<string, number[]>();
  for (const { mutationId, reason } of skipped) {
    const group = groups.get(reason);
    if (group) group.push(mutationId);
    else groups.set(reason, [mutationId]);
  }
  return [...groups];
}
