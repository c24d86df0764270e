import { useState } from 'react';
import { EventStream } from './event-stream.tsx';
import { Wire } from './wire.tsx';

/** What happened: the engine's events, and the messages between this device and the server. */
export function Events() {
  const [shown, setShown] = useState<'events' | 'wire'>('events');
  return (
    <div className="events">
      <div className="toolbar">
        <fieldset className="segments" aria-label="What to show">
          <button type="button" aria-pressed={shown === 'events'} onClick={() => setShown('events')}>
            Events
          </button>
          <button type="button" aria-pressed={shown === 'wire'} onClick={() => setShown('wire')}>
            Wire
          </button>
        </fieldset>
        <span className="muted">
          {shown === 'events'
            ? 'What the engine told, newest first'
            : 'Messages are recorded while this is open; sizes before compression; tokens are never kept'}
        </span>
      </div>
      {shown === 'events' ? <EventStream /> : <Wire />}
    </div>
  );
}
