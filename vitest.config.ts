import { existsSync } from 'node:fs';
import react from '@vitejs/plugin-react';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig, type TestProjectConfiguration } from 'vitest/config';
import { chromiumArgs, findChromium } from './scripts/chromium.ts';
import { sourceAliases } from './scripts/public-names.ts';

const shared = {
  plugins: [react()],
  resolve: { alias: sourceAliases, dedupe: ['react', 'react-dom'] },
  // The package finds its WASM next to its own module: pre-bundling would move the one without the other.
  optimizeDeps: { exclude: ['@sqlite.org/sqlite-wasm'] },
  worker: { format: 'es' as const },
};

const browser = () => ({
  enabled: true,
  headless: true,
  screenshotFailures: false,
  provider: playwright({ launchOptions: { executablePath: findChromium(), args: chromiumArgs } }),
  instances: [{ browser: 'chromium' as const }],
});

const projects: TestProjectConfiguration[] = [
  {
    ...shared,
    test: {
      name: 'node',
      environment: 'node',
      include: ['test/**/*.test.{ts,tsx}'],
      exclude: ['test/browser/**', 'test/e2e/**', 'test/package/**'],
    },
  },
  {
    ...shared,
    test: { name: 'browser', include: ['test/browser/**/*.test.{ts,tsx}'], browser: browser() },
  },
  {
    ...shared,
    test: {
      name: 'e2e',
      environment: 'node',
      include: ['test/e2e/**/*.test.{ts,tsx}', 'test/package/**/*.test.{ts,tsx}'],
      // Real processes and browsers on two cores: one file at a time, with room to start.
      fileParallelism: false,
      testTimeout: 180_000,
      hookTimeout: 180_000,
    },
  },
];

if (existsSync(new URL('./.storybook/main.ts', import.meta.url))) {
  const { storybookTest } = await import('@storybook/addon-vitest/vitest-plugin');
  projects.push({
    ...shared,
    plugins: [storybookTest({ configDir: '.storybook' })],
    test: { name: 'storybook', browser: browser() },
  });
}

export default defineConfig({ test: { projects } });
