/**
 * `npm run bench:page`: how fast the page is, on the production build, as a table on the terminal. Nothing here passes or fails by
 * the clock; the tests are the `*.spec.ts` beside it.
 */
import { defineConfig } from '@playwright/test';
import tests from './playwright.config.ts';

export default defineConfig({
  ...tests,
  testMatch: 'page.bench.ts',
  reporter: 'line',
  // Playwright's recorder takes pictures on the thread that is measured here.
  use: { ...tests.use, trace: 'off', screenshot: 'off' },
  projects: (tests.projects ?? []).map(({ name, use }) => ({ name: name ?? '', use })),
});
