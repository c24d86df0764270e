import { hexText } from '../value-text.ts';
import { BUNDLE_KIND, BUNDLE_VERSION, type Bundle } from './bundle.ts';

/** A bundle as the text of a file: JSON, with marks for what JSON does not know. */
export function bundleText(bundle: Bundle): string {
  return JSON.stringify(bundle, marked, 1);
}

function marked(_name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return { $bigint: String(value) };
  return value instanceof Uint8Array ? { $bytes: hexText(value) } : value;
}

/** Reads a bundle's text. @throws Error that tells a person what is wrong with the file. */
export function parseBundle(text: string): Bundle {
  const parsed = parseJson(text);
  if (typeof parsed !== 'object' || parsed === null || !('kind' in parsed) || parsed.kind !== BUNDLE_KIND) {
    throw new Error('This file is no support bundle of tidemark.');
  }
  const bundle = parsed as Bundle;
  if (bundle.bundleVersion !== BUNDLE_VERSION) {
    throw new Error(
      `This bundle has the format ${String(bundle.bundleVersion)}; this panel reads format ${BUNDLE_VERSION}. Use the version of tidemark that made it.`,
    );
  }
  const lists = [bundle.schema?.tables, bundle.state?.outbox, bundle.state?.events, bundle.rounds, bundle.queries];
  if (!lists.every(Array.isArray) || typeof bundle.state?.status !== 'object') {
    throw new Error('Parts of this bundle are missing: it may have been cut off.');
  }
  return bundle;
}

function parseJson(text: string): unknown {
  try {
    // Looking at each value takes longer than reading the file: only where there is something to find.
    return JSON.parse(text, MARK.test(text) ? unmarked : undefined);
  } catch {
    throw new Error('This file is no support bundle: it is not JSON.');
  }
}

const MARK = /"\$(bigint|bytes)"/;

function unmarked(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if ('$bigint' in value && /^-?\d+$/.test(String(value.$bigint))) return BigInt(String(value.$bigint));
  if (!('$bytes' in value) || typeof value.$bytes !== 'string') return value;
  return Uint8Array.from(value.$bytes.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
