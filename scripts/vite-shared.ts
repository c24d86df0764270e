/** What every Vite in this repository needs: example app, tests and Storybook alike. */
import type { UserConfig } from 'vite';
import { sourceAliases } from './public-names.ts';

export const viteShared = {
  resolve: { alias: sourceAliases, dedupe: ['react', 'react-dom'] },
  optimizeDeps: {
    // Found late, a dependency makes Vite reload the page: in the middle of a test, or of a first visit.
    include: [
      'react',
      'react/jsx-runtime',
      'react/jsx-dev-runtime',
      'react-dom',
      'react-dom/client',
      '@tanstack/react-query',
      'zustand',
      'zustand/vanilla',
      'valibot',
    ],
    // Pre-bundling would part sqlite-wasm's module from the WASM that lies beside it.
    exclude: ['@sqlite.org/sqlite-wasm'],
  },
  // Here the worker is many modules, in the published package one file.
  worker: { format: 'es' },
} satisfies UserConfig;
