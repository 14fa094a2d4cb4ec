/**
 * `npm run picture`: makes the README's moving picture from the production build.
 */
import { defineConfig } from '@playwright/test';
import tests from './playwright.config.ts';

export default defineConfig({
  ...tests,
  testMatch: 'picture.ts',
  reporter: 'line',
  use: { ...tests.use, trace: 'off', screenshot: 'off', colorScheme: 'light' },
  projects: (tests.projects ?? []).slice(0, 1).map(({ use }) => ({ name: 'picture', use })),
});
