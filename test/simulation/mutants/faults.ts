/** Faults that go together: what a mutant of some kind is tried under. */
export const PRUNED = 'retention, offline past retention, pause, partition up, delay, new device';
export const RESTORED = 'restore from a copy, delay, pause, partition up, half-open, lost answer';
export const ACCESS = 'access, delay, pause, partition down, new device';
export const SNAPSHOT = 'new device, offline past retention, retention, delay, drop, access';
export const STRANGERS = 'wrong account, token expiry, cut, delay, lost answer, client cloned';
export const TABS = 'tabs, tab crash, freeze, client crash, slow disk';
export const COPIES = 'client cloned, delay, lost answer, client crash';
export const LINES = 'delay, cut, half-open, lost answer, server crash, duplicate';
