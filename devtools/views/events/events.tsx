import { useState } from 'react';
import { EventStream } from './event-stream.tsx';
import { Wire } from './wire.tsx';

/** What happened: the engine's events, and the messages between this device and the server. */
export function Events() {
  const [shown, setShown] = useState<'events' | 'wire'>('events');
  const head = (
    <fieldset className="segments" aria-label="What to show">
      <button type="button" aria-pressed={shown === 'events'} onClick={() => setShown('events')}>
        Events
      </button>
      <button type="button" aria-pressed={shown === 'wire'} onClick={() => setShown('wire')}>
        Wire
      </button>
    </fieldset>
  );
  return <div className="events">{shown === 'events' ? <EventStream head={head} /> : <Wire head={head} />}</div>;
}
