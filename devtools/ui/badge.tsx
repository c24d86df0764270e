import type { MutationState } from '../../src/client/types.ts';
import type { Tone } from '../data/words.ts';

export function Badge({ tone, children }: { readonly tone: Tone; readonly children: React.ReactNode }) {
  return (
    <span className="badge" data-tone={tone}>
      {children}
    </span>
  );
}

const STATES: Readonly<Record<MutationState, { tone: Tone; label: string; meaning: string }>> = {
  pending: { tone: 'busy', label: 'waiting', meaning: 'waits for its turn' },
  sent: { tone: 'busy', label: 'sent', meaning: 'on its way; the server has not answered yet' },
  accepted: { tone: 'ok', label: 'accepted', meaning: 'the server has it; its echo has not come back yet' },
  parked: { tone: 'idle', label: 'parked', meaning: 'waits behind another mutation on the same row' },
  conflicted: { tone: 'warn', label: 'conflict', meaning: 'met a change of someone else; decide it under Conflicts' },
  rejected: { tone: 'bad', label: 'rejected', meaning: 'the server refused it; it is not applied here either' },
};

export function stateWords(state: MutationState) {
  return STATES[state];
}

export function StateBadge({ state }: { readonly state: MutationState }) {
  const { tone, label } = STATES[state];
  return <Badge tone={tone}>{label}</Badge>;
}
