import type { Conflict } from '../../../src/client/types.ts';
import { kindWords } from '../../data/conflict-choice.ts';
import { useInspected } from '../../data/inspected.ts';
import { ageWords, clockWords, useNow } from '../../data/time.ts';
import { valueText } from '../../data/value-text.ts';

/** Which row, how the sides met, and who wrote what when. */
export function ConflictTitle({ conflict }: { readonly conflict: Conflict }) {
  const now = useNow();
  const remoteName = useAuthorName(conflict.remoteClientId);
  return (
    <>
      <h3 className="detail-title">
        {conflict.table} <code className="key">{keyText(conflict)}</code>
      </h3>
      <p>{kindWords(conflict)}</p>
      <RelatedRows conflict={conflict} />
      <p className="facts-line">
        <span>
          <b>this device</b> {clockWords(conflict.localAt, now)} ({ageWords(conflict.localAt, now)})
          {conflict.localIsLater && ', the later one'}
        </span>
        {conflict.remoteAt === null ? (
          <span>The server has no record of the row any more: neither when it went, nor by whom</span>
        ) : (
          <span>
            <b>{remoteName}</b> {clockWords(conflict.remoteAt, now)} ({ageWords(conflict.remoteAt, now)})
            {!conflict.localIsLater && ', the later one'}
          </span>
        )}
        <span>
          mutation #{conflict.mutationId}, against seq <span className="mono">{conflict.remoteSeq}</span>
        </span>
      </p>
    </>
  );
}

/** The rows above that were deleted, or below that came unseen: what is decided here decides about them too. */
function RelatedRows({ conflict: { parents = [], children = [] } }: { readonly conflict: Conflict }) {
  const [words, rows] =
    parents.length > 0
      ? (['Deleted above it, and back with it if it is kept:', parents] as const)
      : (['Below it meanwhile:', children] as const);
  if (rows.length === 0) return null;
  return (
    <p className="facts-line">
      <span>{words}</span>
      {rows.map(({ table, key }) => (
        <span key={`${table} ${keyText({ key })}`}>
          {table} <code className="key">{keyText({ key })}</code>
        </span>
      ))}
    </p>
  );
}

/** The name of a device as its owner gave it, else the start of its clientId. */
export function useAuthorName(clientId: string | null): string {
  const devices = useInspected((state) => state.devices);
  if (clientId === null) return "the server's database";
  const name = devices.find((device) => device.deviceId === clientId)?.name;
  return name ?? `device ${clientId.slice(0, 8)}`;
}

function keyText(conflict: Pick<Conflict, 'key'>): string {
  const entries = Object.entries(conflict.key);
  if (entries.length === 1) return entries.map(([, value]) => valueText(value)).join();
  return entries.map(([name, value]) => `${name}=${valueText(value)}`).join(', ');
}
