/** The published subpaths and the source file of each: the one list that the build, the aliases and the tests share. */
import { fileURLToPath } from 'node:url';

export const entries = {
  tidemark: 'src/index.ts',
  'tidemark/core': 'src/core/index.ts',
  'tidemark/worker': 'src/worker/index.ts',
  'tidemark/devtools': 'devtools/index.tsx',
  'tidemark/devtools/production': 'devtools/production.tsx',
  'tidemark/protocol': 'src/protocol/index.ts',
  'tidemark/server': 'src/server/index.ts',
  'tidemark/server/sqlite': 'src/server/sqlite/index.ts',
  'tidemark/server/postgres': 'src/server/postgres/index.ts',
  'tidemark/testing': 'src/testing/index.ts',
} as const;

/** Vite aliases that resolve the public names to the source in this repository. */
export const sourceAliases = Object.entries(entries).map(([name, file]) => ({
  name,
  find: new RegExp(`^${name}$`),
  replacement: fileURLToPath(new URL(`../${file}`, import.meta.url)),
}));

/** The name of a subpath's file in `dist`, without its ending: `tidemark/server/sqlite` is `server-sqlite`. */
export function distName(name: string): string {
  return name === 'tidemark' ? 'index' : name.slice('tidemark/'.length).replaceAll('/', '-');
}

/** The same for Rolldown, where `$` ends an exact name. */
export const rolldownAliases = Object.fromEntries(sourceAliases.map((it) => [`${it.name}$`, it.replacement]));
