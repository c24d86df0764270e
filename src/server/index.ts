/**
 * `tidemark/server`: the sync server. {@link createSyncServer} makes one, {@link serve} runs it on Node.
 *
 * @module
 */

export type { ProxyOptions } from './edge/address.ts';
export type { CallInfo } from './edge/app.ts';
export {
  createSyncServer,
  type SyncServer,
  type SyncServerOptions,
  type SyncServerStats,
} from './edge/create-sync-server.ts';
export type { RateLimiter, RateLimitStore } from './edge/limiter.ts';
export type { AuthFunction, AuthInput, CorsOptions, EdgeLimits, MonitorFunction } from './edge/options.ts';
export type { Rate, RateLimitOptions } from './edge/rate-limit.ts';
export { type RunningServer, type ServeOptions, serve } from './edge/serve.ts';
export type { ServerSocket } from './edge/socket.ts';
export type { SpanLike, TracerLike } from './edge/tracing.ts';
export type { JwtAlgorithm } from './jwt/algorithms.ts';
export { type JwtAuthOptions, type JwtClaims, jwtAuth } from './jwt/jwt-auth.ts';
export type { JwkSet } from './jwt/verify-keys.ts';
export type { Jwk } from './jwt/vet-key.ts';
export type {
  AccessFacts,
  AccessFunction,
  AccessLists,
  IncomingChange,
  Logger,
  Retention,
  ServerDb,
  ServiceLimits,
  ValidateFunction,
} from './options.ts';
export type { Identity, ServerStats, SyncService } from './service.ts';
