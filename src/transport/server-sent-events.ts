import { LIMITS } from '../protocol/limits.ts';
import { SyncError } from '../shared/error.ts';

/** The data of each event of a stream as our servers write it, one line each; null for a sign of life. */
export async function* readEvents(response: Response): AsyncGenerator<string | null> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
    rest += part.value;
    yield null;
    for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n')) {
      const data = /^data: ?(.*)$/m.exec(rest.slice(0, end))?.[1];
      rest = rest.slice(end + 2);
      if (data !== undefined) yield data;
    }
    if (rest.length > 2 * LIMITS.maxMessageBytes)
      throw new SyncError('server', 'An event is larger than any message may be.');
  }
}
