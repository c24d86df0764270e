/**
 * `tidemark/protocol`: the messages between client and server, their codec and limits. For those who write a client or a
 * server of their own, look into the traffic, or test against bytes. docs/protocol.md describes them.
 *
 * @module
 */
export { type CodecLimits, decode, encode, type WireMap, type WireValue } from './codec.ts';
export { LIMITS, type ProtocolLimits } from './limits.ts';
export { change } from './messages/change.ts';
export { type DevicesRequest, type DevicesResponse, devicesRequest, devicesResponse } from './messages/devices.ts';
export { type ErrorMessage, errorMessage } from './messages/error.ts';
export {
  type HandshakeRequest,
  type HandshakeResponse,
  handshakeRequest,
  handshakeResponse,
} from './messages/handshake.ts';
export {
  type PulledTransaction,
  type PullPage,
  type PullRequest,
  pullPage,
  pullRequest,
  type SnapshotRows,
  type StoredOutcome,
  snapshotRows,
  storedOutcome,
  transaction,
} from './messages/pull.ts';
export {
  type ConflictReport,
  conflictReport,
  type MutationPart,
  mutation,
  mutationPart,
  type Outcome,
  outcome,
  type PushRequest,
  type PushResponse,
  pushRequest,
  pushResponse,
} from './messages/push.ts';
export { type ClientFrame, clientFrame, type ServerFrame, serverFrame } from './messages/realtime.ts';
export { encodeMessage, parseMessage } from './parse.ts';
export { CAPABILITIES, CONTENT_TYPE, PROTOCOL_VERSION } from './version.ts';
