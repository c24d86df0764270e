/** Stands for all scopes where everything may be read. */
export const EVERY_SCOPE = '*';

export function scopeWords(scope: string): string {
  return scope === EVERY_SCOPE ? '* (every scope)' : scope;
}
