/** `tidemark/core`: everything that needs no framework. */
export type { TableInfo } from '../client/engine-api.ts';
export {
  type ConfirmedRow,
  type InspectedRow,
  type LabConditions,
  type LiveQueryInfo,
  type LiveUpdate,
  NO_LAB_CONDITIONS,
  type RowsPage,
  type RowsRequest,
  type WireFrame,
  type WireFrames,
} from '../client/inspection.ts';
export type {
  AutoSyncOptions,
  KeyInput,
  LiveQuery,
  LiveSnapshot,
  ServerOptions,
  Sync,
  SyncCallOptions,
  SyncInspector,
  SyncLab,
  SyncOptions,
  WriteReceipt,
  WriteTransaction,
} from '../client/sync.ts';
export type {
  Conflict,
  ConflictFilter,
  ConflictResolution,
  ConnectionState,
  CursorInfo,
  DeviceInfo,
  MutationOutcome,
  MutationState,
  OutboxEntry,
  OutboxFilter,
  OutboxImport,
  OutboxQuery,
  RowStatus,
  ScopeInfo,
  SyncEvent,
  SyncPhase,
  SyncProgress,
  SyncRound,
  SyncState,
  SyncStats,
  SyncStatus,
  SyncTrigger,
} from '../client/types.ts';
export type { Cell, Cells, RowKey } from '../shared/cell.ts';
export { SyncError, type SyncErrorDetails, type SyncErrorJson, type SyncErrorKind } from '../shared/error.ts';
export { createSync } from '../store/create-sync.ts';
export { INITIAL_SYNC_STATE } from '../store/sync-store.ts';
export type { Change, ChangeOp, Cursor } from './change.ts';
export {
  type ComposedPolicy,
  type ConflictField,
  type ConflictInput,
  type ConflictKind,
  type ConflictPolicy,
  type CustomPolicy,
  compose,
  custom,
  type DeletedParent,
  type NamedPolicy,
  type RelatedRow,
  type Resolution,
  type Resolver,
} from './policy.ts';
export {
  type Column,
  type ColumnKind,
  type ColumnScope,
  type Columns,
  defineSchema,
  type InferInsert,
  type InferRow,
  type Json,
  type ParentScope,
  type Schema,
  type ScopeRule,
  type Table,
  type TableInput,
  type TableOptions,
  type TablesInput,
  t,
  table,
} from './schema.ts';
export {
  type CompilableQuery,
  type InferQueryRow,
  type QueryInput,
  type SqlQuery,
  sql,
  type ToSqlQuery,
} from './sql.ts';
