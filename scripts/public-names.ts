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
  'tidemark/testing': 'src/testing/index.ts',
} as const;

/** Vite aliases that resolve the public names to the source in this repository. */
export const sourceAliases = Object.entries(entries).map(([name, file]) => ({
  find: new RegExp(`^${name}$`),
  replacement: fileURLToPath(new URL(`../${file}`, import.meta.url)),
}));
