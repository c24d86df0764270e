import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Schema } from 'tidemark/core';
import { CliError } from './io.ts';

/** The text of a file of the user's. */
export function readText(file: string, cwd: string): string {
  const path = resolve(cwd, file);
  if (!existsSync(path)) throw new CliError(`There is no file ${path}.`);
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new CliError(`${path} could not be read: ${explain(error)}`, { cause: error });
  }
}

/** Imports a module of the user's. */
export async function loadModule(file: string, cwd: string): Promise<Readonly<Record<string, unknown>>> {
  const path = resolve(cwd, file);
  if (!existsSync(path)) throw new CliError(`There is no file ${path}.`);
  try {
    return await import(pathToFileURL(path).href);
  } catch (error) {
    throw new CliError(`${path} could not be loaded: ${explain(error)}`, { cause: error });
  }
}

/** Imports the user's schema: the export `schema`, or the default one. */
export async function loadSchema(file: string, cwd: string): Promise<Schema> {
  const module = await loadModule(file, cwd);
  const found = module.schema ?? module.default;
  if (isSchema(found)) return found;
  const names = Object.keys(module).join(', ') || 'nothing';
  throw new CliError(`${file} must export \`schema\`, made by defineSchema; it exports ${names}.`);
}

function isSchema(value: unknown): value is Schema {
  if (typeof value !== 'object' || value === null || !('version' in value) || !('tables' in value)) return false;
  const { version, tables } = value;
  if (typeof version !== 'number' || typeof tables !== 'object' || tables === null) return false;
  return Object.values(tables).every((one) => typeof one === 'object' && one !== null && 'primaryKey' in one);
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? error.code : undefined;
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION') {
    return `this Node (${process.version}) does not read TypeScript; Node 22.18 and newer do. Update Node, or give a .js file.`;
  }
  // Node reads the file as CommonJS because the package.json above it says so.
  if (
    error instanceof SyntaxError &&
    /import statement outside a module|Unexpected token 'export'/.test(error.message)
  ) {
    return (
      `the package.json above it has "type": "commonjs", and the file is a module. ` +
      `Set "type": "module" there, or give the file a name that ends in .mts.`
    );
  }
  return error.message;
}
