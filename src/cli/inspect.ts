import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseOptions } from './arguments.ts';
import { inspectFile } from './inspect-file.ts';
import { CliError, type CliIo } from './io.ts';

/** `tidemark inspect`: what a server or its file holds. */
export async function inspectCommand(args: readonly string[], io: CliIo): Promise<number> {
  const { url, token, file } = parseOptions(args, {
    url: { type: 'string' },
    token: { type: 'string' },
    file: { type: 'string' },
  });
  if (file !== undefined && url !== undefined) throw new CliError('Give --url or --file, not both.');
  if (file === undefined) io.print(formatFields(await askServer(url ?? 'http://127.0.0.1:8787', { token, io })));
  else io.print(formatFields(await inspectFile(existing(resolve(io.cwd, file)))));
  return 0;
}

function existing(path: string): string {
  if (existsSync(path)) return path;
  throw new CliError(`There is no file ${path}.`);
}

async function askServer(url: string, { token, io }: { token: string | undefined; io: CliIo }): Promise<Fields> {
  if (!URL.canParse(url))
    throw new CliError(`--url must be such as http://127.0.0.1:8787; received ${JSON.stringify(url)}.`);
  const base = url.replace(/\/+$/, '');
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const get = async (path: string) => {
    const response = await fetch(base + path, { headers, signal: io.stop }).catch((error: unknown) => {
      throw new CliError(`Nobody answers at ${base}. Is the server running there?`, { cause: error });
    });
    if (response.status === 401) throw new CliError('The server wants a token: give one with --token.');
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    if (!response.ok || !isJson)
      throw new CliError(`${base}${path} answers with ${response.status}, not as a sync server does.`);
    return (await response.json()) as Fields;
  };
  return { server: base, ...(await get('/v1/version')), ...(await get('/v1/stats')) };
}

type Fields = Readonly<Record<string, unknown>>;

/** One line per value, nested names joined by a space, numbers aligned under each other. */
function formatFields(fields: Fields): string {
  const lines = flatten(fields, '');
  const width = Math.max(...lines.map(([name]) => name.length));
  return lines.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
}

function flatten(fields: Fields, prefix: string): [string, string][] {
  return Object.entries(fields).flatMap(([name, value]): [string, string][] => {
    const label = prefix + name;
    if (Array.isArray(value)) return [[label, value.join(', ')]];
    if (typeof value === 'object' && value !== null) return flatten(value as Fields, `${label} `);
    return [[label, typeof value === 'number' ? value.toLocaleString('en-US') : String(value)]];
  });
}
