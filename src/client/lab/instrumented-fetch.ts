import { encodeMessage } from '../../protocol/parse.ts';
import { CONTENT_TYPE } from '../../protocol/version.ts';
import type { Runtime } from '../../shared/runtime.ts';
import type { Fetch } from '../../transport/post.ts';
import type { FrameLog } from './frame-log.ts';
import type { Instruments } from './instruments.ts';

/** `fetch`, under the conditions of the lab, with what passes written down while somebody looks. */
export function instrumentedFetch(fetch: Fetch, instruments: Instruments): Fetch {
  const { lab, log } = instruments;
  const send: Fetch = (url, init) =>
    lab.shown ? sendUnderConditions(fetch, instruments, url, init) : fetch(url, init);
  return (url, init) => (log.isRecording ? sendRecorded(send, log, url, init) : send(url, init));
}

async function sendRecorded(send: Fetch, log: FrameLog, url: string, init: RequestInit): Promise<Response> {
  const type = new URL(url).pathname.split('/').at(-1) ?? url;
  const startedAt = log.elapsed();
  const frame = { channel: 'http', type } as const;
  log.add({ ...frame, direction: 'sent', bytes: init.body instanceof Uint8Array ? init.body : null });
  try {
    const response = await send(url, init);
    void recordAnswer(response.clone());
    return response;
  } catch (error) {
    log.add({ ...frame, direction: 'received', bytes: null, error: messageOf(error) });
    throw error;
  }

  async function recordAnswer(copy: Response): Promise<void> {
    try {
      const bytes = new Uint8Array(await copy.arrayBuffer());
      const durationMs = log.elapsed() - startedAt;
      log.add({ ...frame, direction: 'received', bytes, status: copy.status, durationMs });
    } catch (error) {
      log.add({ ...frame, direction: 'received', bytes: null, status: copy.status, error: messageOf(error) });
    }
  }
}

async function sendUnderConditions(
  fetch: Fetch,
  { lab, runtime }: Instruments,
  url: string,
  init: RequestInit,
): Promise<Response> {
  await delay(runtime, lab.conditions.latencyMs, init.signal);
  if (lab.conditions.offline) throw new TypeError('The lab has taken this device offline.');
  if (lab.loses()) throw new TypeError('The lab has lost this request.');
  if (lab.refusesToken()) return refusal();
  let response = await fetch(url, init);
  if (lab.conditions.duplicates) {
    await response.arrayBuffer();
    response = await fetch(url, init);
  }
  if (lab.loses()) throw new TypeError('The lab has lost the answer of this request.');
  await delay(runtime, lab.conditions.latencyMs, init.signal);
  if (lab.conditions.offline) throw new TypeError('The lab has taken this device offline.');
  return response;
}

/** What the refusal of a token says, by either way. */
export const TOKEN_REFUSED = { kind: 'needs-auth', message: 'The lab lets the token count as expired.' } as const;

function refusal(): Response {
  const body = encodeMessage(TOKEN_REFUSED) as Uint8Array<ArrayBuffer>;
  return new Response(body, { status: 401, headers: { 'content-type': CONTENT_TYPE } });
}

function delay(runtime: Runtime, ms: number, signal: AbortSignal | null | undefined): Promise<void> {
  if (ms === 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const cancel = runtime.setTimer(ms, resolve);
    signal?.addEventListener('abort', () => {
      cancel();
      reject(signal.reason);
    });
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
