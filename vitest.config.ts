import { existsSync } from 'node:fs';
import react from '@vitejs/plugin-react';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig, type TestProjectConfiguration } from 'vitest/config';
import { chromiumArgs, findChromium } from './scripts/chromium.ts';
import { viteShared } from './scripts/vite-shared.ts';

const browser = (contextOptions: { timezoneId?: string } = {}) => ({
  enabled: true,
  headless: true,
  screenshotFailures: false,
  provider: playwright({ launchOptions: { executablePath: findChromium(), args: chromiumArgs }, contextOptions }),
  instances: [{ browser: 'chromium' as const }],
});

/** For a machine that is busy with other things: only a test that fails waits for so long. */
const patient = { testTimeout: 60_000, hookTimeout: 60_000, expect: { poll: { timeout: 15_000 } } };

/** Where times of the day are others than in UTC, by their minutes too. */
const elsewhere = { timezoneId: 'Asia/Kathmandu' };

/** The groups run one after the other: two cores are few for several browsers at once. */
const projects: TestProjectConfiguration[] = [
  {
    ...viteShared,
    plugins: [react()],
    test: {
      ...patient,
      name: 'node',
      environment: 'node',
      include: ['test/**/*.test.{ts,tsx}'],
      exclude: ['test/browser/**', 'test/e2e/**', 'test/package/**'],
      globalSetup: './test/support/postgres-global.ts',
      sequence: { groupOrder: 0 },
    },
  },
  {
    ...viteShared,
    plugins: [react()],
    test: {
      ...patient,
      name: 'browser',
      include: ['test/browser/**/*.test.{ts,tsx}'],
      browser: browser(),
      sequence: { groupOrder: 1 },
    },
  },
  {
    ...viteShared,
    test: {
      ...patient,
      name: 'e2e',
      environment: 'node',
      include: ['test/e2e/**/*.test.{ts,tsx}', 'test/package/**/*.test.{ts,tsx}'],
      globalSetup: './test/support/postgres-global.ts',
      // Real processes and whole browsers: one file at a time, with room to start.
      maxWorkers: 1,
      testTimeout: 180_000,
      hookTimeout: 180_000,
      sequence: { groupOrder: 3 },
    },
  },
];

if (existsSync(new URL('./stories', import.meta.url))) {
  const { storybookTest } = await import('@storybook/addon-vitest/vitest-plugin');
  projects.push({
    // The rest of its Vite configuration comes from .storybook/main.ts.
    optimizeDeps: viteShared.optimizeDeps,
    plugins: [storybookTest({ configDir: '.storybook' })],
    test: { ...patient, name: 'storybook', browser: browser(elsewhere), sequence: { groupOrder: 2 } },
  });
}

export default defineConfig({ test: { projects, passWithNoTests: true } });
