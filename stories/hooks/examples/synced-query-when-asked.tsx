import { useState } from 'react';
import { sql, useSyncedQuery } from 'tidemark';

export function Details() {
  const [isOpen, setOpen] = useState(false);
  const { data } = useSyncedQuery(sql<{ body: string | null }>`SELECT body FROM issue WHERE id = 'PIER-7'`, {
    enabled: isOpen,
  });
  return (
    <>
      <button type="button" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        Details
      </button>
      <p role="status">{data ? (data[0]?.body ?? 'Nothing more is known.') : 'Not read.'}</p>
    </>
  );
}
