/** What a command may touch of the world around it. */
export interface CliIo {
  /** Relative paths are seen from here. */
  readonly cwd: string;
  /** The variables of the environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** For what was asked for. */
  readonly print: (text: string) => void;
  /** For everything else: errors, and the log. */
  readonly warn: (text: string) => void;
  /** Aborted when the person, or the machine, wants the command to end. */
  readonly stop: AbortSignal;
}

/** A mistake in how the command was called, or in what it was given: told without a stack. */
export class CliError extends Error {
  override readonly name = 'CliError';
}
