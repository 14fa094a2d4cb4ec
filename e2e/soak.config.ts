/**
 * `npm run soak:page`: hundreds of GRPO steps in the page in one go, on WebGPU, on the production build. Memory and cost must stay as they
 * are after the warm-up.
 */
import { defineConfig } from '@playwright/test';
import bench from './bench.config.ts';

export default defineConfig({
  ...bench,
  testMatch: 'page.soak.ts',
  projects: (bench.projects ?? [])
    .filter(({ name }) => name === 'webgpu')
    .map(({ name, use }) => ({
      name: name ?? '',
      use: {
        ...use,
        launchOptions: {
          ...use?.launchOptions,
          // The page's memory is measured when it is asked for, and after garbage was collected.
          args: [...(use?.launchOptions?.args ?? []), '--enable-blink-features=ForceEagerMeasureMemory'],
        },
      },
    })),
});
