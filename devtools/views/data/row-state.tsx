import type { RowStatus } from '../../../src/client/row-status.ts';
import type { Tone } from '../../data/words.ts';
import { Badge } from '../../ui/badge.tsx';

const STATES: Readonly<Record<RowStatus, { readonly tone: Tone; readonly label: string; readonly meaning: string }>> = {
  synced: { tone: 'ok', label: 'synced', meaning: 'The server has confirmed this row as it is here.' },
  pending: { tone: 'busy', label: 'waiting', meaning: 'It has changes that wait to be sent.' },
  sent: { tone: 'busy', label: 'sent', meaning: 'Its changes are on their way, or accepted and not echoed yet.' },
  conflicted: {
    tone: 'warn',
    label: 'conflict',
    meaning: 'Its change met one of somebody else: decide under Conflicts.',
  },
  rejected: { tone: 'bad', label: 'rejected', meaning: 'The server refused its change: see the reason in the queue.' },
};

export function RowStateBadge({ status }: { readonly status: RowStatus }) {
  const { tone, label } = STATES[status];
  return status === 'synced' ? <span className="muted">{label}</span> : <Badge tone={tone}>{label}</Badge>;
}

export function rowStateMeaning(status: RowStatus): string {
  return STATES[status].meaning;
}
