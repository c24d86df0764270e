import type { SyncErrorJson } from '../../shared/error.ts';

/** What travels on a line. A request and its reply share an id; a push has none. */
export type RpcMessage = RpcRequest | RpcReply | RpcPush;

export interface RpcRequest {
  readonly id: number;
  readonly method: string;
  readonly args: readonly unknown[];
}

export type RpcReply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: SyncErrorJson };

export interface RpcPush {
  readonly push: unknown;
}

export function isRequest(message: RpcMessage): message is RpcRequest {
  return 'method' in message;
}

export function isReply(message: RpcMessage): message is RpcReply {
  return 'id' in message && !('method' in message);
}
