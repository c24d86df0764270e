/** The source tree as the structure tests see it: files, their text without comments, and who imports whom. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';

const root = resolve(import.meta.dirname, '../..');

export interface SourceFile {
  /** Path from the repository's root, with forward slashes. */
  path: string;
  text: string;
  /** The text with comments blanked out, so that prose may name what code may not use. */
  code: string;
  /** Paths of the repository files it imports, types included. */
  imports: string[];
  /** Package names it imports, as written. */
  packages: string[];
}

export function readSources(...folders: string[]): SourceFile[] {
  return folders.flatMap((folder) => list(join(root, folder))).map(readSource);
}

function list(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}

function readSource(file: string): SourceFile {
  const text = readFileSync(file, 'utf8');
  const code = withoutComments(text);
  const specifiers = [...code.matchAll(/(?:\bfrom|\bimport\s*\(?)\s*['"]([^'"\n]+)['"]/g)].map(
    (match) => match[1] ?? '',
  );
  return {
    path: toPath(file),
    text,
    code,
    imports: specifiers.filter((name) => name.startsWith('.')).map((name) => toPath(resolve(dirname(file), name))),
    packages: specifiers.filter((name) => !name.startsWith('.')),
  };
}

/** Blanks comments; strings and templates are kept whole, so that `'https://…'` does not read as a comment. */
function withoutComments(text: string): string {
  const piece = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g;
  return text.replace(piece, (match) => (match.startsWith('/*') || match.startsWith('//') ? ' ' : match));
}

function toPath(file: string): string {
  return relative(root, file).split(sep).join('/');
}

/** One import cycle of the given files as a list of paths, or undefined. */
export function findCycle(files: SourceFile[]): string[] | undefined {
  const importsOf = new Map(files.map((file) => [file.path, file.imports]));
  const finished = new Set<string>();
  const visit = (path: string, trail: string[]): string[] | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (finished.has(path)) return undefined;
    for (const next of importsOf.get(path) ?? []) {
      const cycle = visit(next, [...trail, path]);
      if (cycle) return cycle;
    }
    finished.add(path);
    return undefined;
  };
  for (const file of files) {
    const cycle = visit(file.path, []);
    if (cycle) return cycle;
  }
  return undefined;
}
