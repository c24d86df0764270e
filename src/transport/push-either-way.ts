import type { PushRequest, PushResponse } from '../protocol/messages/push.ts';
import { SyncError } from '../shared/error.ts';
import type { Channel } from './channel.ts';

export interface PushEitherWay {
  /** Null: there is none that takes pushes. */
  readonly channel: Channel | null;
  /** Most that a frame may have. */
  readonly maxBytes: number;
  readonly signal: AbortSignal | undefined;
  /** Whether the app can give another token. */
  readonly hasToken: boolean;
  readonly byRequest: () => Promise<PushResponse>;
}

/** Over the channel while it is open, if the request fits a frame; else by a request, which gets a new token where that of the channel has expired. */
export async function pushEitherWay(
  request: PushRequest,
  { channel, maxBytes, signal, hasToken, byRequest }: PushEitherWay,
): Promise<PushResponse> {
  try {
    const isOpen = channel?.state === 'open' && !signal?.aborted;
    const answer = isOpen ? channel.push(request, { maxBytes, signal }) : null;
    if (answer) return await answer;
  } catch (error) {
    if (!(error instanceof SyncError && error.kind === 'needs-auth' && hasToken)) throw error;
  }
  return byRequest();
}
