import { type ChangeEvent, useContext, useRef, useState } from 'react';
import { makeBundle } from '../../data/bundle/bundle.ts';
import { BundleContext } from '../../data/bundle/bundle-context.ts';
import { bundleSync } from '../../data/bundle/bundle-sync.ts';
import { bundleText, parseBundle } from '../../data/bundle/bundle-text.ts';
import { useInspectedSync } from '../../data/inspected.ts';
import { formatBytes } from '../../data/words.ts';
import { ErrorNotice, Notice } from '../../ui/notice.tsx';
import { saveFile } from '../../ui/save-file.ts';
import { useAction } from '../../ui/use-action.ts';
import { BundleFacts } from './bundle-facts.tsx';

/** One file for whoever helps: made here, and read here. */
export function Support() {
  const { bundle } = useContext(BundleContext);
  return (
    <div className="padded">
      {bundle && <BundleFacts bundle={bundle.bundle} />}
      <div className="cards support">
        {!bundle && <SaveBundle />}
        <OpenBundleFile />
      </div>
    </div>
  );
}

function SaveBundle() {
  const sync = useInspectedSync();
  const action = useAction();
  const [withValues, setWithValues] = useState(false);
  const [saved, setSaved] = useState<string | null>(null);
  const save = () =>
    action.run(async () => {
      const now = Date.now();
      const text = bundleText(await makeBundle(sync, { now, withValues }));
      const name = `tidemark-${new Date(now).toISOString().slice(0, 19).replaceAll(':', '-')}.json`;
      saveFile(name, text);
      setSaved(`${name}, ${formatBytes(new Blob([text]).size)}`);
    });
  return (
    <section className="card">
      <h3>Save a support bundle</h3>
      <p>
        One file with the status, the queue, conflicts, cursors, the last rounds and events, live queries, devices,
        table sizes, versions and the browser: enough to see what you see. It never holds tokens or rows at rest.
      </p>
      <label className="check">
        <input type="checkbox" checked={withValues} onChange={(event) => setWithValues(event.target.checked)} />
        Include the values of waiting changes and conflicts
      </label>
      {withValues ? (
        <Notice tone="warn">The file will hold what people wrote. Give it only to those who may read that.</Notice>
      ) : (
        <p className="muted">
          Values become their kind and length; keys, scopes and device names become numbers; quoted text goes out of
          messages.
        </p>
      )}
      <div className="actions">
        <button type="button" className="primary" disabled={action.isRunning} onClick={save}>
          Save the bundle
        </button>
        {saved !== null && (
          <span className="muted" role="status">
            Saved {saved}
          </span>
        )}
      </div>
      <ErrorNotice error={action.error} />
    </section>
  );
}

let openedCount = 0;

function OpenBundleFile() {
  const { setBundle } = useContext(BundleContext);
  const action = useAction();
  const field = useRef<HTMLInputElement>(null);
  const open = (event: ChangeEvent<HTMLInputElement>) => {
    const file = event.target.files?.[0];
    event.target.value = '';
    if (!file) return;
    void action.run(async () => {
      const bundle = parseBundle(await file.text());
      openedCount += 1;
      setBundle({ openedId: openedCount, fileName: file.name, bundle, sync: bundleSync(bundle) });
    });
  };
  return (
    <section className="card">
      <h3>Open a support bundle</h3>
      <p>Shows the file in these views, read-only. Nothing of it leaves this page or touches the app.</p>
      <input
        ref={field}
        className="hidden"
        type="file"
        accept=".json,application/json"
        tabIndex={-1}
        aria-label="Support bundle"
        onChange={open}
      />
      <div className="actions">
        <button type="button" onClick={() => field.current?.click()}>
          Open a file…
        </button>
      </div>
      <ErrorNotice error={action.error} />
    </section>
  );
}
