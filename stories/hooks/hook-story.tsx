import type { ComponentType } from 'react';
import { type WithSyncOptions, withSync } from 'tidemark/testing';
import { schema } from '../fixtures/schema.ts';

type Options = Omit<WithSyncOptions<typeof schema>, 'schema'>;

export const gulls = { id: 'PIER-7', title: 'Gulls nest on the pier', priority: 2, done: false, labels: ['birds'] };

const SOURCE = { padding: 12, background: '#f5f7f9', color: '#17212b', overflow: 'auto', borderRadius: 8 };

/** A hook as a live component over a real database, with the source that makes it. */
export function hookStory(Example: ComponentType, source: string, options: Options = {}) {
  return {
    decorators: [withSync({ schema, rows: { issue: [gulls] }, ...options })],
    render: () => (
      <div style={{ font: '14px/1.5 system-ui, sans-serif' }}>
        <Example />
        <details open>
          <summary>Source</summary>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls */}
          <pre tabIndex={0} style={SOURCE}>
            {source}
          </pre>
        </details>
      </div>
    ),
  };
}
