/**
 * End-to-end tests: the production build, in headless Chromium, as a visitor gets it.
 *
 * One worker: the engine takes both of two cores. No request may leave this machine; a test that makes one fails (lab.ts). No test is
 * tried twice, and none has a bound in seconds that a busy machine could break: speed is for `npm run bench:page` to tell.
 */
import { defineConfig } from '@playwright/test';
import { chromium, webgpu } from './chromium.ts';

const port = Number(process.env['E2E_PORT'] ?? 4179);

export default defineConfig({
  testDir: '.',
  testMatch: '*.spec.ts',
  workers: 1,
  fullyParallel: false,
  retries: 0,
  forbidOnly: process.env['CI'] !== undefined,
  timeout: 240_000,
  // What a free machine shows at once may take long on a busy one.
  expect: { timeout: 30_000 },
  outputDir: '../test-results',
  reporter: 'list',
  webServer: {
    command: `npx vite preview --port ${port} --strictPort`,
    cwd: '..',
    url: `http://localhost:${port}`,
    reuseExistingServer: process.env['CI'] === undefined,
  },
  use: {
    baseURL: `http://localhost:${port}`,
    viewport: { width: 1280, height: 800 },
    locale: 'en-GB',
    timezoneId: 'UTC',
    // Traces look into every frame, Python's too: its start takes several times as long. --trace on where one is needed.
    trace: 'off',
    screenshot: 'only-on-failure',
  },
  projects: [
    {
      name: 'webgpu',
      testIgnore: ['without-webgpu.spec.ts', 'collapse.spec.ts'],
      use: { launchOptions: chromium(webgpu) },
    },
    {
      name: 'without-webgpu',
      // The longest training comes last: it takes what the unit tests beside it have left of the processor by then.
      testMatch: ['without-webgpu.spec.ts', 'collapse.spec.ts'],
      use: { launchOptions: chromium() },
    },
  ],
});
