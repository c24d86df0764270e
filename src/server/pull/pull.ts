import type { Schema } from '../../core/schema.ts';
import { ALL_SCOPES } from '../../core/scope.ts';
import type { PullPage, PullRequest } from '../../protocol/messages/pull.ts';
import { SyncError } from '../../shared/error.ts';
import { type Access, leaveOut } from '../access.ts';
import { COMMIT_END, type Position } from '../records.ts';
import type { SharedReads } from '../shared-reads.ts';
import type { ServerStorage, StorageReader } from '../storage.ts';
import { readLogPart } from './log-part.ts';
import { readOutcomePart } from './outcome-part.ts';
import { type ChainState, fromToken, toToken } from './resume-token.ts';
import { countSnapshot, readSnapshotPart, snapshotSteps } from './snapshot-part.ts';

export interface PullerOptions {
  readonly schema: Schema;
  readonly storage: ServerStorage;
  readonly sharedReads: SharedReads;
  readonly pageBytes: number;
}

interface AskedPage extends PullCaller {
  readonly request: PullRequest;
  readonly maxBytes: number;
}

/** Who pulls. */
export interface PullCaller {
  readonly subject: string;
  readonly access: Access;
}

const MIN_PAGE_BYTES = 1_024;

/** Answers pulls, page by page, from one committed state each. */
export class Puller {
  readonly #options: PullerOptions;
  /** What those get who follow from the same place, for as long as their transaction lasts: made once, and encoded once. */
  readonly #pages = new WeakMap<StorageReader, Map<string, Promise<PullPage>>>();

  constructor(options: PullerOptions) {
    this.#options = options;
  }

  async pull({ subject, access: whole }: PullCaller, request: PullRequest): Promise<PullPage> {
    const { storage, sharedReads, pageBytes } = this.#options;
    const access = leaveOut(whole, request.without ?? []);
    const maxBytes = Math.max(Math.min(request.maxBytes ?? pageBytes, pageBytes), MIN_PAGE_BYTES);
    const asked: AskedPage = { subject, access, request, maxBytes };
    if (!readsLogOnly(access, request)) return storage.read((reader) => this.#page(reader, asked));
    const { cursor, scopes, without } = request;
    const id = JSON.stringify([cursor, scopes, without, access.readable, maxBytes]);
    return sharedReads.read((reader) => {
      const pages = this.#pages.get(reader) ?? new Map<string, Promise<PullPage>>();
      this.#pages.set(reader, pages);
      const page = pages.get(id) ?? this.#page(reader, asked);
      pages.set(id, page);
      return page;
    });
  }

  async #page(reader: StorageReader, { subject, access, request, maxBytes }: AskedPage): Promise<PullPage> {
    const { schema } = this.#options;
    const position = await reader.position();
    const isFirst = request.resume === null;
    const state =
      request.resume === null ? await begin({ schema, reader, position, access, request }) : fromToken(request.resume);
    checkChain(state, position, access);
    if (!isSame(state.without, request.without ?? [])) throw chainOver('what it is to leave out has changed');
    const page = await readPage({ schema, reader, position, subject, request, state, maxBytes });
    return { ...page, replaces: isFirst ? replacedTables(schema, state) : [] };
  }
}

/** Whether the client has all that it may see up to its cursor, as those have that follow: a short read. */
function readsLogOnly({ readable }: Access, request: PullRequest): boolean {
  const { cursor, resume, scopes, snapshotTables = [] } = request;
  if (cursor === null || resume !== null || snapshotTables.length > 0) return false;
  return heldScopes(scopes, readable).length === readable.length && wantedBack(request).length === 0;
}

/** With all scopes but some, those of them that the client wants again. */
function wantedBack({ scopes, lacks = [], without = [] }: PullRequest): string[] {
  return scopes.includes(ALL_SCOPES) ? lacks.filter((scope) => !without.includes(scope)) : [];
}

interface Beginning {
  readonly schema: Schema;
  readonly reader: StorageReader;
  readonly position: Position;
  readonly access: Access;
  readonly request: PullRequest;
}

async function begin({ schema, reader, position, access, request }: Beginning): Promise<ChainState> {
  const { cursor } = request;
  if (cursor) checkCursor(cursor, position);
  const tables = (request.snapshotTables ?? []).filter((table) => Object.hasOwn(schema.tables, table));
  const held = cursor ? heldScopes(request.scopes, access.readable) : [];
  // Rows of scopes that cannot be told apart from those the client had: it starts over, from nothing.
  const startsOver = cursor === null || isAllOrSome(request.scopes, access.readable);
  const heldAlready = new Set(held);
  const added = [
    ...access.readable.filter((scope) => !heldAlready.has(scope)),
    ...(heldAlready.has(ALL_SCOPES) ? wantedBack(request) : []),
  ];
  const from = startsOver ? 0 : cursor.seq;
  const needsSnapshot = added.length > 0 || tables.length > 0;
  const state: ChainState = {
    epoch: position.epoch,
    phase: !needsSnapshot ? 'log' : held.length > 0 && from < position.head ? 'catch-up' : 'snapshot',
    from,
    at: position.head,
    held,
    added,
    without: [...(request.without ?? [])],
    tables,
    step: 0,
    afterKey: null,
    after: { seq: from, n: COMMIT_END },
    until: needsSnapshot ? position.head : from,
    nextId: 0,
    rowsDone: 0,
    rowsTotal: 0,
  };
  return { ...state, rowsTotal: needsSnapshot ? await countSnapshot(reader, snapshotSteps(schema, state)) : 0 };
}

/** @throws SyncError `epoch`. That the log still reaches back to it is asked of every page: see `checkChain`. */
function checkCursor(cursor: { epoch: string; seq: number }, { epoch, head }: Position): void {
  if (cursor.epoch !== epoch || cursor.seq > head) {
    throw new SyncError(
      'epoch',
      'The cursor is of another history of this database: it was restored or cloned. Start over.',
    );
  }
}

/** Holds a chain against what is true now: the history, the log that is kept, and the caller's access. */
function checkChain(state: ChainState, { epoch, head, prunedTo }: Position, access: Access): void {
  const furthest = Math.max(state.from, state.at, state.until, state.after.seq);
  if (state.epoch !== epoch || furthest > head) {
    throw new SyncError('epoch', 'The chain of pages is of another history of this database. Start over.');
  }
  const needed = state.phase === 'snapshot' ? state.at : state.after.seq;
  const readable = new Set(access.readable);
  const isWithin = [...state.held, ...state.added].every((scope) => readable.has(scope) || readable.has(ALL_SCOPES));
  if (!isWithin) throw chainOver('the access has changed');
  if (needed < prunedTo) throw logNotKept(state, needed);
}

/** Who has only just come is told why its rows are fetched anew. */
function logNotKept({ phase, from }: ChainState, needed: number): SyncError {
  if (phase === 'snapshot' || needed !== from) return chainOver('the log has moved on');
  return new SyncError(
    'resync',
    'The log is not kept back to this cursor: the device was away for longer. Start over.',
  );
}

function chainOver(why: string): SyncError {
  return new SyncError('resync', `The chain of pages cannot go on: ${why}. Start over.`);
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name) => b.includes(name));
}

/** What is held when the chain has been applied. */
function heldAfter({ held, added }: ChainState): string[] {
  const scopes = [...held, ...added];
  return scopes.includes(ALL_SCOPES) ? [ALL_SCOPES] : scopes;
}

function heldScopes(scopes: readonly string[], readable: readonly string[]): string[] {
  const held = new Set(scopes);
  return readable.filter((scope) => held.has(scope));
}

/** Whether one side stands for all scopes and the other for a few. */
function isAllOrSome(scopes: readonly string[], readable: readonly string[]): boolean {
  return scopes.length > 0 && scopes.includes(ALL_SCOPES) !== readable.includes(ALL_SCOPES);
}

function replacedTables(schema: Schema, state: ChainState): string[] {
  const isWhole = state.from === 0 && state.held.length === 0;
  return isWhole ? Object.keys(schema.tables) : state.tables;
}

interface PageInput {
  readonly schema: Schema;
  readonly reader: StorageReader;
  readonly position: Position;
  readonly subject: string;
  readonly request: PullRequest;
  readonly state: ChainState;
  readonly maxBytes: number;
}

type Page = Omit<PullPage, 'replaces'>;

/** One page: as much of the chain as fits. */
async function readPage(input: PageInput): Promise<Page> {
  const { position } = input;
  const part = await PHASES[input.state.phase](input);
  const { snapshot, transactions, outcomes, state, isDone } = part.isDone ? await withOutcomes(input, part) : part;
  return {
    epoch: position.epoch,
    from: state.from,
    snapshot,
    transactions,
    progress: { rowsDone: state.rowsDone, rowsTotal: Math.max(state.rowsTotal, state.rowsDone) },
    resume: isDone ? null : toToken(state),
    cursor: isDone ? { epoch: position.epoch, seq: state.after.seq } : null,
    scopes: isDone ? heldAfter(state) : [],
    ...(isDone && input.request.without ? { without: state.without } : {}),
    ...(outcomes === undefined ? {} : { outcomes }),
    ...(isDone ? await formerEpochs(input) : {}),
    head: position.head,
  };
}

/** Only for those who begin anew: of what they had before, this tells how much is still the same. */
async function formerEpochs({ reader, position, request }: PageInput): Promise<Pick<Page, 'formerEpochs'>> {
  if (request.cursor !== null || position.epochFrom === null) return {};
  return { formerEpochs: await reader.formerEpochs() };
}

interface PagePart extends Pick<Page, 'snapshot' | 'transactions' | 'outcomes'> {
  readonly state: ChainState;
  /** Whether the chain ends here. */
  readonly isDone: boolean;
}

const PHASES: Readonly<Record<ChainState['phase'], (input: PageInput) => Promise<PagePart>>> = {
  'catch-up': catchUp,
  snapshot: takeSnapshot,
  log: followLog,
  outcomes: async ({ state }) => ({ snapshot: [], transactions: [], state, isDone: true }),
};

/** At the end of a chain with a snapshot the client hears of those mutations of its own that are in it, and it had no answer to. */
async function withOutcomes({ reader, subject, request, maxBytes }: PageInput, part: PagePart): Promise<PagePart> {
  const { unanswered } = request;
  const { nextId, after, added, tables } = part.state;
  // A log tells of each commit whose it is.
  const hasSnapshot = added.length > 0 || tables.length > 0;
  if (unanswered === undefined || !hasSnapshot) return part;
  const told = await readOutcomePart({ reader, subject, unanswered, nextId, until: after.seq, maxBytes });
  if (told.nextId === null) return { ...part, outcomes: told.outcomes };
  const state: ChainState = { ...part.state, phase: 'outcomes', nextId: told.nextId };
  return { ...part, outcomes: told.outcomes, state, isDone: false };
}

async function catchUp(input: PageInput): Promise<PagePart> {
  const { transactions, after, isEnd } = await readLogPart({ ...input, until: input.state.at });
  const state: ChainState = isEnd ? { ...input.state, phase: 'snapshot' } : { ...input.state, after };
  return { snapshot: [], transactions, state, isDone: false };
}

/** Rows as they are now; what the log has about them from `at` on comes after, up to the head that the last of them saw. */
async function takeSnapshot(input: PageInput): Promise<PagePart> {
  const { snapshot, bytes, state, isEnd } = await readSnapshotPart(input);
  if (!isEnd) return { snapshot, transactions: [], state, isDone: false };
  const after = { seq: state.at, n: COMMIT_END };
  const next: ChainState = { ...state, phase: 'log', after, until: input.position.head };
  if (bytes >= input.maxBytes) return { snapshot, transactions: [], state: next, isDone: false };
  const rest = await followLog({ ...input, state: next, maxBytes: input.maxBytes - bytes });
  return { ...rest, snapshot };
}

async function followLog(input: PageInput): Promise<PagePart> {
  const { transactions, after } = await readLogPart({ ...input, until: input.position.head });
  const isDone = after.n === COMMIT_END && after.seq >= input.state.until;
  return { snapshot: [], transactions, state: { ...input.state, after }, isDone };
}
