import type { StorybookConfig } from '@storybook/react-vite';
import { mergeConfig, type UserConfig } from 'vite';
import { viteShared } from '../scripts/vite-shared.ts';

/** Stories are no server components and nobody waits for their chunks. */
const quietBuild: UserConfig['build'] = {
  chunkSizeWarningLimit: 2_000,
  rolldownOptions: {
    checks: { pluginTimings: false },
    onwarn(warning, warn) {
      if (warning.code !== 'MODULE_LEVEL_DIRECTIVE') warn(warning);
    },
  },
};

const config: StorybookConfig = {
  framework: '@storybook/react-vite',
  stories: ['../stories/**/*.stories.tsx'],
  addons: ['@storybook/addon-vitest', '@storybook/addon-a11y'],
  core: { disableTelemetry: true, disableWhatsNewNotifications: true },
  typescript: { reactDocgen: false },
  viteFinal: (vite) =>
    mergeConfig(vite, {
      ...viteShared,
      build: quietBuild,
      worker: { ...viteShared.worker, rolldownOptions: { checks: { pluginTimings: false } } },
    }),
};

export default config;
