/**
 * What the workers of one database say to each other. Two kinds of channel: the group's, heard by all, with a few
 * words about leadership; and one per session, so that nobody deserialises what is not for him.
 */
export type GroupMessage =
  /** I lead, in this term; repeated as a heartbeat. */
  | { readonly type: 'lead'; readonly term: number }
  /** Does anyone lead? Timers of a hidden tab may sleep for long; it hears this all the same. */
  | { readonly type: 'who-leads' }
  /** I got the lock and am opening the database. */
  | { readonly type: 'opening' }
  /** I stop leading: someone else will. */
  | { readonly type: 'step-down'; readonly term: number }
  /** I take the lock away from a leader that has fallen silent. */
  | { readonly type: 'steal' }
  /** A person wants to see a change of leader. */
  | { readonly type: 'end-leadership' }
  /** A session asks for a line. `nonce` counts its tries; `mayLead`: it stands in line for the lead, or has it left out to say. */
  | {
      readonly type: 'hello';
      readonly sessionId: string;
      readonly nonce: number;
      readonly schemaVersion: number;
      readonly mayLead?: boolean;
    }
  /** A session leaves. */
  | { readonly type: 'bye'; readonly sessionId: string };

/** On a session's own channel: calls go up, answers and pushes come down. A term that is not the leader's is not heard. */
export type SessionMessage =
  | { readonly to: 'session'; readonly term: number; readonly welcome: number }
  | { readonly to: 'session' | 'leader'; readonly term: number; readonly body: unknown };

/** The names of the channels and locks of one database. */
export function tabNames(name: string) {
  const group = `tidemark:${name}`;
  return {
    group,
    leaderLock: group,
    sessionLock: (sessionId: string) => `${group}:session:${sessionId}`,
    sessionChannel: (sessionId: string) => `${group}:session:${sessionId}`,
  };
}
