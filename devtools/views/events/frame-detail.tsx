import { useCallback } from 'react';
import type { WireFrame } from '../../../src/client/inspection.ts';
import { useInspectedSync } from '../../data/inspected.ts';
import { preciseClockWords } from '../../data/time.ts';
import { useFetched } from '../../data/use-fetched.ts';
import { formatBytes, type Tone } from '../../data/words.ts';
import { Badge } from '../../ui/badge.tsx';
import { JsonTree } from '../../ui/json-tree.tsx';
import { Notice } from '../../ui/notice.tsx';

/** One message, decoded. */
export function FrameDetail({ frame }: { readonly frame: WireFrame }) {
  const sync = useInspectedSync();
  const read = useCallback(
    async () => ({ content: await sync.inspect.frameContent(frame.frameId) }),
    [sync, frame.frameId],
  );
  const fetched = useFetched(read);
  return (
    <div className="padded">
      <h3 className="detail-title">
        {frame.direction === 'sent' ? '↑ Sent' : '↓ Received'} <Badge tone={frameTone(frame)}>{frame.type}</Badge>
      </h3>
      <p className="facts-line">
        <span>
          at <b>{preciseClockWords(frame.at)}</b>
        </span>
        <span>
          by <b>{frame.channel === 'http' ? 'HTTP' : 'WebSocket'}</b>
        </span>
        <span>
          <b>{formatBytes(frame.sizeBytes)}</b> of CBOR
        </span>
        {frame.status !== null && (
          <span>
            status <b>{frame.status}</b>
          </span>
        )}
        {frame.durationMs !== null && (
          <span>
            after <b>{Math.round(frame.durationMs)} ms</b>
          </span>
        )}
      </p>
      {frame.error !== null && <Notice tone="bad">{frame.error}</Notice>}
      {fetched && <Content content={fetched.content} sizeBytes={frame.sizeBytes} />}
    </div>
  );
}

/** A message of this length is shown whole. */
const SHORT_BYTES = 2_048;

function Content({ content, sizeBytes }: { readonly content: unknown; readonly sizeBytes: number }) {
  if (content === null || content === undefined) {
    return <p className="muted">{sizeBytes > 0 ? 'Its content is not kept any more.' : 'It carries nothing.'}</p>;
  }
  return <JsonTree value={content} openLevels={sizeBytes <= SHORT_BYTES ? 8 : 3} />;
}

export function frameTone(frame: WireFrame): Tone {
  const hasFailed = frame.error !== null || (frame.status ?? 200) >= 400;
  if (hasFailed || frame.type === 'error' || frame.type === 'push-failed') return 'bad';
  return frame.direction === 'sent' ? 'busy' : 'ok';
}
