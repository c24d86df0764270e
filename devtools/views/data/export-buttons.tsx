import { csvText, jsonText, type Row } from '../../data/export-text.ts';
import { ErrorNotice } from '../../ui/notice.tsx';
import { saveFile } from '../../ui/save-file.ts';
import { useAction } from '../../ui/use-action.ts';

interface ExportButtonsProps {
  /** What the file is called, without its ending. */
  readonly name: string;
  readonly read: () => Promise<{ readonly columns: readonly string[]; readonly rows: readonly Row[] }>;
}

/** Writes rows to a file. */
export function ExportButtons({ name, read }: ExportButtonsProps) {
  const action = useAction();
  const save = (kind: 'csv' | 'json') =>
    action.run(async () => {
      const { columns, rows } = await read();
      const text = kind === 'csv' ? csvText(columns, rows) : jsonText(rows);
      saveFile(`${name}.${kind}`, text, kind === 'csv' ? 'text/csv' : 'application/json');
    });
  return (
    <>
      <button type="button" disabled={action.isRunning} onClick={() => save('csv')}>
        CSV
      </button>
      <button type="button" disabled={action.isRunning} onClick={() => save('json')}>
        JSON
      </button>
      <ErrorNotice error={action.error} />
    </>
  );
}
