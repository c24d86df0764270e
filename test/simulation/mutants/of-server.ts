import { ACCESS, COPIES, LINES, PRUNED, RESTORED, SNAPSHOT, STRANGERS } from './faults.ts';
import type { Mutant } from './mutants.ts';

const PULL = 'src/server/pull/pull.ts';
const LOG = 'src/server/pull/log-part.ts';
const SNAPSHOT_PART = 'src/server/pull/snapshot-part.ts';
const PUSH = 'src/server/push/push.ts';
const DECIDE = 'src/server/push/decide-mutation.ts';
const PLACE = 'src/server/push/place-rows.ts';
const STAGED = 'src/server/push/staged-rows.ts';
const DEVICES = 'src/server/devices.ts';

export const mutantsOfServer: readonly Mutant[] = [
  {
    name: 'a pruned cursor is not checked',
    file: PULL,
    faults: PRUNED,
    from: 'if (needed < prunedTo || !isWithin) throw',
    to: 'if (!isWithin) throw',
  },
  {
    name: 'the epoch of a cursor is not checked',
    file: PULL,
    faults: RESTORED,
    from: 'if (cursor.epoch !== epoch || cursor.seq > head) {',
    to: 'if (cursor.seq > head) {',
  },
  {
    name: 'the epoch of a chain is not checked',
    file: PULL,
    faults: RESTORED,
    from: 'if (state.epoch !== epoch || furthest > head) {',
    to: 'if (furthest > head) {',
  },
  {
    name: 'the access of a chain is not checked',
    file: PULL,
    faults: ACCESS,
    from: 'if (needed < prunedTo || !isWithin) throw',
    to: 'if (needed < prunedTo) throw',
  },
  {
    name: 'all or some scopes are the same',
    file: PULL,
    faults: ACCESS,
    from: 'const startsOver = cursor === null || isAllOrSome(request.scopes, access.readable);',
    to: 'const startsOver = cursor === null;',
  },
  {
    name: 'the log after a snapshot is read from the head',
    file: PULL,
    faults: SNAPSHOT,
    from: 'const after = { seq: state.at, n: COMMIT_END };',
    to: 'const after = { seq: input.position.head, n: COMMIT_END };',
  },
  {
    name: 'the log after a snapshot ends where it began',
    file: PULL,
    faults: SNAPSHOT,
    from: "const next: ChainState = { ...state, phase: 'log', after, until: input.position.head };",
    to: "const next: ChainState = { ...state, phase: 'log', after, until: state.at };",
  },
  {
    name: 'scopes held are not caught up with',
    file: PULL,
    faults: ACCESS,
    from: "phase: !needsSnapshot ? 'log' : held.length > 0 && from < position.head ? 'catch-up' : 'snapshot',",
    to: "phase: !needsSnapshot ? 'log' : 'snapshot',",
  },
  {
    name: 'outcomes are not told with a snapshot',
    file: PULL,
    faults: PRUNED,
    from: 'if (unanswered === undefined || !hasSnapshot) return part;',
    to: 'if (unanswered === undefined || hasSnapshot || !hasSnapshot) return part;',
  },
  {
    name: 'a fresh snapshot replaces nothing',
    file: PULL,
    faults: ACCESS,
    from: 'return isWhole ? Object.keys(schema.tables) : state.tables;',
    to: 'return state.tables;',
  },
  {
    name: 'moot patches are kept',
    file: LOG,
    faults: SNAPSHOT,
    from: "return (entry) => entry.op === 'patch' && (lastWhole.get(rowId(entry)) ?? 0) > entry.commit.seq;",
    to: 'return () => false;',
  },
  {
    name: 'a page may end inside a commit',
    file: LOG,
    from: 'const whole = entries.filter((entry) => entry.commit.seq < last.commit.seq);',
    to: 'const whole = entries;',
  },
  {
    name: 'the log of all scopes is told',
    file: LOG,
    from: 'if (!scopes.includes(ALL_SCOPES)) return { scopes };',
    to: '',
  },
  {
    name: 'a snapshot skips a key at the end of a page',
    file: SNAPSHOT_PART,
    faults: SNAPSHOT,
    from: 'if (part.isEnd) step += 1;',
    to: 'if (part.isEnd || part.rows.length > 3) step += 1;',
  },
  {
    name: 'a whole row is logged for a patch',
    file: STAGED,
    from: 'columns: patched ?? after.columns }];',
    to: 'columns: after.columns }];',
  },
  {
    name: 'a row that moves is only patched',
    file: STAGED,
    from: 'if (wasIn !== after.scope) return [leave, arrive];',
    to: '',
  },
  {
    name: 'a row that moves does not leave',
    file: STAGED,
    from: 'if (wasIn !== after.scope) return [leave, arrive];',
    to: 'if (wasIn !== after.scope) return [arrive];',
  },
  {
    name: 'a delete is logged as no change',
    file: STAGED,
    from: 'if (after.columns === null) return wasIn === null ? [] : [leave];',
    to: 'if (after.columns === null) return [];',
  },
  {
    name: 'write access is not checked where a row goes',
    file: PLACE,
    from: 'if (row.after.columns !== null && !access.canWrite(row.after.scope)) throw forbidden(row.table);',
    to: '',
  },
  {
    name: 'write access is not checked where a row was',
    file: DECIDE,
    from: 'if (before.columns !== null && !access.canWrite(before.scope)) throw forbidden(change.table);',
    to: '',
  },
  {
    name: 'a hidden row is visible to who writes',
    file: DECIDE,
    from: 'if (!access.canRead(before.scope)) {',
    to: 'if (before.columns === null && !access.canRead(before.scope)) {',
  },
  {
    name: 'a put over a hidden row passes',
    file: DECIDE,
    from: "if (before.columns !== null && change.op === 'put') throw forbidden(change.table);",
    to: '',
  },
  {
    name: 'a parent out of reach is as good as any',
    file: PLACE,
    from: 'if (!row?.columns || !context.access.canRead(row.scope)) throw parentMissing(child, parent.table);',
    to: 'if (!row?.columns) throw parentMissing(child, parent.table);',
  },
  {
    name: 'children do not move with their parent',
    file: PLACE,
    from: 'if (isMoved(row)) await moveChildren(context, row);',
    to: '',
  },
  {
    name: 'children move that the writer may not write',
    file: PLACE,
    from: 'if (row.scope === after.scope || !context.access.canWrite(row.scope)) continue;',
    to: 'if (row.scope === after.scope) continue;',
  },
  {
    name: 'nothing waits behind what was stopped',
    file: PUSH,
    from: 'if (waits && stopped.holds(mutation)) {',
    to: 'if (false && stopped.holds(mutation)) {',
  },
  {
    name: 'base is not bounded by the head',
    file: PUSH,
    faults: RESTORED,
    from: 'base: base > set.head ? 0 : base,',
    to: 'base,',
  },
  {
    name: 'a stamp is not bounded',
    file: PUSH,
    from: 'hlc: boundHlc(hlc, this.#options.runtime.now(), MAX_CLOCK_AHEAD_MS),',
    to: 'hlc,',
  },
  {
    name: 'an outcome known is decided again',
    file: PUSH,
    faults: LINES,
    from: 'const known = outcomesBefore.of(mutation);',
    to: 'const known = undefined as ReturnType<typeof outcomesBefore.of>;',
  },
  {
    name: 'a copy passes for its original',
    file: 'src/server/push/known-outcomes.ts',
    faults: COPIES,
    from: 'return hlc === undefined || known.hlc === hlc || known.hlc === ANY_HLC;',
    to: 'return true;',
  },
  {
    name: 'a device of somebody else is admitted',
    file: DEVICES,
    faults: STRANGERS,
    from: 'if (owner) checkOwner(owner, identity);',
    to: '',
  },
  {
    name: 'the owner of the root of a copy is not asked',
    file: DEVICES,
    faults: STRANGERS,
    from: 'const owner = known ?? root;\n    if (owner) checkOwner(owner, identity);',
    to: 'const owner = known;\n    if (owner) checkOwner(owner, identity);',
  },
  {
    name: 'a restored server keeps its epoch',
    file: 'src/server/create-service.ts',
    faults: RESTORED,
    from: 'await this.#options.storage.write((writer) => writer.setEpoch(epoch));',
    to: '',
  },
  {
    name: 'a merged mutation is called applied',
    file: DECIDE,
    from: "outcome: isMerged ? 'merged' : 'applied',",
    to: "outcome: 'applied',",
  },
  {
    name: 'the log is pruned one commit too far',
    file: 'src/server/sqlite/log.ts',
    faults: PRUNED,
    from: "setMeta(connection, 'prunedTo', pruned.prunedTo);",
    to: "setMeta(connection, 'prunedTo', pruned.prunedTo - 1);",
  },
  {
    name: 'a failed group is answered as done',
    file: 'src/server/push/commit-queue.ts',
    from: 'else for (const job of jobs) await this.#commit([job]);',
    to: 'else for (const job of jobs.slice(1)) await this.#commit([job]);',
  },
  {
    name: 'the last writer wins by arrival',
    file: 'src/core/hlc.ts',
    from: 'return a === b ? aClient > bClient : a > b;',
    to: 'return a !== b || aClient > bClient;',
  },
  {
    name: 'what was written since is not foreign',
    file: 'src/core/row-version.ts',
    from: 'return stamp.seq > writer.base && stamp.clientId !== writer.clientId;',
    to: 'return stamp.seq > writer.base + 1 && stamp.clientId !== writer.clientId;',
  },
  {
    name: 'a row comes back with defaults in the place of what it held',
    file: 'src/core/decide.ts',
    from: 'const columns = { ...change.fill, ...current.image, ...edit.columns };',
    to: 'const columns = { ...current.image, ...change.fill, ...edit.columns };',
  },
];
