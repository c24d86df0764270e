/** Checked by the compiler alone: the props of the devtools. */
import { createSync, defineSchema, t, table } from 'tidemark';
import { SyncDevtools, SyncDevtoolsPanel } from 'tidemark/devtools';

const sync = createSync({ schema: defineSchema({ version: 1, tables: { issue: table({ id: t.text() }) } }) });

export const all = (
  <>
    <SyncDevtools sync={sync} initialIsOpen position="top-left" nonce="n" shortcut="Ctrl+Alt+T" />
    <SyncDevtools shortcut={false} />
    <SyncDevtoolsPanel sync={sync} nonce="n" />
    {/* @ts-expect-error there is no such corner */}
    <SyncDevtools position="middle" />
  </>
);
