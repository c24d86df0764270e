import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { viteShared } from '../scripts/vite-shared.ts';

/** Where the sync server listens; `npm start` sets it. */
const server = process.env.TIDEMARK_SERVER ?? 'http://localhost:8787';

export default defineConfig({
  ...viteShared,
  root: import.meta.dirname,
  plugins: [react()],
  server: {
    proxy: { '/sync': { target: server, ws: true } },
  },
  build: { outDir: '../dist-example', emptyOutDir: true },
});
