/**
 * Reads a JSON object from UTF-8: null for anything else. A member that stands there twice is refused too, since two readers may
 * pick different ones (RFC 7515, section 4; RFC 8259, section 4).
 */
export function parseJsonObject(bytes: Uint8Array): Readonly<Record<string, unknown>> | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject && !hasDuplicates(text) ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** Of a text that is JSON: there, a string before a colon is always the name of a member. */
function hasDuplicates(json: string): boolean {
  const objects: Set<string>[] = [];
  for (const [token, string] of json.matchAll(/("(?:[^"\\]|\\.)*")\s*:|"(?:[^"\\]|\\.)*"|[{}]/g)) {
    if (token === '{') objects.push(new Set());
    else if (token === '}') objects.pop();
    else if (string !== undefined) {
      const name: string = JSON.parse(string);
      const names = objects.at(-1);
      if (names?.has(name)) return true;
      names?.add(name);
    }
  }
  return false;
}
