import type { LabConditions } from '../../../src/client/inspection.ts';

export interface ConditionChoice {
  readonly label: string;
  readonly conditions: Partial<LabConditions>;
  readonly isOff?: boolean;
}

export interface Condition {
  readonly title: string;
  /** What happens, and what to look for. */
  readonly what: string;
  readonly choices: readonly ConditionChoice[];
}

/** What the lab offers, in the order in which people need it. */
export const CONDITIONS: readonly Condition[] = [
  {
    title: 'Network',
    what: 'Nothing reaches the server, and nothing comes from it.',
    choices: [
      { label: 'Online', conditions: { offline: false }, isOff: true },
      { label: 'Offline', conditions: { offline: true } },
    ],
  },
  {
    title: 'Latency',
    what: 'Each message takes longer, in each direction.',
    choices: [
      { label: 'None', conditions: { latencyMs: 0 }, isOff: true },
      { label: '300 ms', conditions: { latencyMs: 300 } },
      { label: '2 s', conditions: { latencyMs: 2_000 } },
    ],
  },
  {
    title: 'Loss',
    what: 'Requests fail before or after they reached the server; the channel breaks.',
    choices: [
      { label: 'None', conditions: { lossRate: 0 }, isOff: true },
      { label: '10 %', conditions: { lossRate: 0.1 } },
      { label: '50 %', conditions: { lossRate: 0.5 } },
    ],
  },
  {
    title: 'Repeats',
    what: 'Each request arrives twice. The data must not show it.',
    choices: [
      { label: 'Off', conditions: { duplicates: false }, isOff: true },
      { label: 'Send twice', conditions: { duplicates: true } },
    ],
  },
  {
    title: 'Next mutation',
    what: 'The server refuses it. It stays in the queue, to retry, edit or discard.',
    choices: [
      { label: 'As usual', conditions: { rejectNext: false }, isOff: true },
      { label: 'Reject', conditions: { rejectNext: true } },
    ],
  },
  {
    title: 'Conflict',
    what: 'Another device really writes the same columns just before the next update of a row goes up.',
    choices: [
      { label: 'As usual', conditions: { conflictNext: false }, isOff: true },
      { label: 'Force one', conditions: { conflictNext: true } },
    ],
  },
  {
    title: 'Sign-in',
    what: 'The server refuses the token: the app is asked for a new one, or signed out until you lift it.',
    choices: [
      { label: 'Valid', conditions: { refuseToken: 'never' }, isOff: true },
      { label: 'Expire once', conditions: { refuseToken: 'once' } },
      { label: 'Sign out', conditions: { refuseToken: 'always' } },
    ],
  },
  {
    title: 'Clock',
    what: 'This device’s clock is wrong. Stamps of its writes stay ahead until real time has caught up.',
    choices: [
      { label: 'Right', conditions: { clockSkewMs: 0 }, isOff: true },
      { label: '1 h behind', conditions: { clockSkewMs: -3_600_000 } },
      { label: '1 h ahead', conditions: { clockSkewMs: 3_600_000 } },
    ],
  },
];

/** The conditions that are on, each in a few words. */
export function conditionWords(lab: LabConditions): string[] {
  return [
    ...(lab.offline ? ['offline'] : []),
    ...(lab.latencyMs > 0 ? [`${lab.latencyMs} ms latency`] : []),
    ...(lab.lossRate > 0 ? [`${Math.round(lab.lossRate * 100)} % loss`] : []),
    ...(lab.duplicates ? ['requests sent twice'] : []),
    ...(lab.rejectNext ? ['next mutation is rejected'] : []),
    ...(lab.conflictNext ? ['next update meets a conflict'] : []),
    ...(lab.refuseToken === 'once' ? ['token expires once'] : lab.refuseToken === 'always' ? ['signed out'] : []),
    ...(lab.clockSkewMs === 0
      ? []
      : [`clock ${Math.abs(lab.clockSkewMs) / 60_000} min ${lab.clockSkewMs > 0 ? 'ahead' : 'behind'}`]),
  ];
}
