/**
 * Resolves the public names to the source in Node, as the Vite aliases do for browsers: `node --import
 * ./scripts/source-names.ts app.ts` runs code that says `tidemark/server` without a build.
 */
import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';
import { sourceAliases } from './public-names.ts';

const sources = new Map(
  sourceAliases.map(({ name, replacement }) => [name as string, pathToFileURL(replacement).href]),
);

registerHooks({
  resolve(specifier, context, next) {
    const url = sources.get(specifier);
    return url ? { url, shortCircuit: true } : next(specifier, context);
  },
});
