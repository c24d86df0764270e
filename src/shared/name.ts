/** Longest name or id that a message carries, in characters: of devices, scopes, subjects, clients. */
export const MAX_NAME_LENGTH = 200;

/** Whether a message can carry this as a name or id: 1 to {@link MAX_NAME_LENGTH} characters of valid Unicode. */
export function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_NAME_LENGTH && value.isWellFormed();
}
