/** Where the app runs. */
export interface Environment {
  readonly userAgent: string;
  readonly language: string;
  readonly timeZone: string;
  readonly isOnline: boolean;
  readonly isVisible: boolean;
  readonly viewport: string;
  /** The storage of this origin, in bytes; null where the browser does not tell. */
  readonly usageBytes: number | null;
  readonly quotaBytes: number | null;
  /** Whether the browser has promised not to clear it. */
  readonly isPersisted: boolean | null;
  readonly hasOpfs: boolean;
  readonly hasLocks: boolean;
}

export async function readEnvironment(): Promise<Environment> {
  const { storage, locks } = navigator;
  const [estimate, isPersisted] = await Promise.all([
    storage?.estimate?.().catch(() => null),
    storage?.persisted?.().catch(() => null),
  ]);
  return {
    userAgent: navigator.userAgent,
    language: navigator.language,
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    isOnline: navigator.onLine,
    isVisible: document.visibilityState === 'visible',
    viewport: `${window.innerWidth} × ${window.innerHeight}`,
    usageBytes: estimate?.usage ?? null,
    quotaBytes: estimate?.quota ?? null,
    isPersisted: isPersisted ?? null,
    hasOpfs: typeof storage?.getDirectory === 'function',
    hasLocks: locks !== undefined,
  };
}
