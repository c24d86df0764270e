import type { Bundle } from '../../data/bundle/bundle.ts';
import { countWords, formatBytes } from '../../data/words.ts';
import { Facts } from '../../ui/facts.tsx';
import { Notice } from '../../ui/notice.tsx';

/** What a bundle tells that no other view shows. */
export function BundleFacts({ bundle }: { readonly bundle: Bundle }) {
  const { environment: place, tables, missing } = bundle;
  return (
    <>
      {missing.length > 0 && <Notice tone="warn">Could not be asked when it was made: {missing.join('; ')}</Notice>}
      <div className="cards">
        <Facts
          title="Bundle"
          facts={[
            ['Made', new Date(bundle.createdAt).toLocaleString()],
            ['Values', bundle.hasValues ? 'included' : 'left out'],
            ['Protocol', `version ${bundle.protocolVersion}`],
            ['Schema', `version ${bundle.schema.version}`],
            [
              'Tables',
              tables.map(({ table, rowCount }) => `${table} (${countWords(rowCount, 'row')})`).join(', ') || '—',
            ],
          ]}
        />
        <Facts
          title="Browser"
          facts={[
            ['Agent', place.userAgent],
            ['Language', `${place.language}, ${place.timeZone}`],
            ['Window', `${place.viewport}, ${place.isVisible ? 'visible' : 'hidden'}`],
            ['Online', place.isOnline ? 'yes' : 'no'],
            ['Storage', storageWords(place)],
            [
              'Abilities',
              [place.hasOpfs ? 'OPFS' : 'no OPFS', place.hasLocks ? 'Web Locks' : 'no Web Locks'].join(', '),
            ],
          ]}
        />
      </div>
    </>
  );
}

function storageWords({ usageBytes, quotaBytes, isPersisted }: Bundle['environment']): string {
  if (usageBytes === null || quotaBytes === null) return 'not told';
  return `${formatBytes(usageBytes)} of ${formatBytes(quotaBytes)}${isPersisted ? ', persistent' : ', may be cleared'}`;
}
