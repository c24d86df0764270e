import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** What a trace tells of the server's promise to have the log on disk before it answers. */
export type TraceEvent =
  | { readonly type: 'wal-write' }
  /** The log is on disk: noted when the call has returned. */
  | { readonly type: 'wal-sync' }
  /** An answer to a push is handed to the socket. */
  | { readonly type: 'answer' };

/** Null where processes can be traced, else why not. */
export function tracingMissing(): string | null {
  const { error, status, stderr } = spawnSync('strace', ['-f', '-o', '/dev/null', 'true'], { encoding: 'utf8' });
  if (error) return `strace cannot be run (${error.message}); on Debian: apt-get install strace`;
  return status === 0 ? null : `strace may not trace here: ${stderr}`;
}

/** The command that runs another under the trace, as its own parent's child: signals meet the traced one. */
export function traced(logFile: string): string[] {
  const calls = 'trace=write,writev,sendto,sendmsg,pwrite64,pwritev,fsync,fdatasync';
  return ['strace', '-D', '-f', '-y', '-s', '4096', '-e', calls, '-e', 'signal=none', '-o', logFile];
}

/** Whether the trace is at its end. */
export function hasEnded(logFile: string): boolean {
  const [first = ''] = readFileSync(logFile, 'latin1').split(' ', 1);
  return new RegExp(`^${first} .*\\+\\+\\+ (exited|killed)`, 'm').test(readFileSync(logFile, 'latin1'));
}

export function readTrace(logFile: string): TraceEvent[] {
  const syncing = new Set<string>();
  return readFileSync(logFile, 'latin1')
    .split('\n')
    .flatMap((line) => eventOf(line, syncing));
}

/** `syncing`: threads in the middle of a sync, since a call that takes its time is written on two lines. */
function eventOf(line: string, syncing: Set<string>): TraceEvent[] {
  const [thread = ''] = line.split(' ', 1);
  if (/^\d+ +p?writev?(64)?\(\d+<[^>]*-wal>/.test(line)) return [{ type: 'wal-write' }];
  if (/^\d+ +(write|writev|sendto|sendmsg)\(\d+<(socket|TCP)/.test(line) && line.includes('pushed')) {
    return [{ type: 'answer' }];
  }
  if (/^\d+ +f(data)?sync\(\d+<[^>]*-wal>/.test(line)) {
    if (/= 0$/.test(line)) return [{ type: 'wal-sync' }];
    if (line.includes('<unfinished')) syncing.add(thread);
    return [];
  }
  if (/<\.\.\. f(data)?sync resumed>.*= 0$/.test(line) && syncing.delete(thread)) return [{ type: 'wal-sync' }];
  return [];
}
