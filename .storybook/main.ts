import type { StorybookConfig } from '@storybook/react-vite';
import { mergeConfig } from 'vite';
import { viteShared } from '../scripts/vite-shared.ts';

const config: StorybookConfig = {
  framework: '@storybook/react-vite',
  stories: ['../stories/**/*.stories.tsx'],
  addons: ['@storybook/addon-vitest'],
  core: { disableTelemetry: true, disableWhatsNewNotifications: true },
  typescript: { reactDocgen: false },
  viteFinal: (vite) => mergeConfig(vite, viteShared),
};

export default config;
