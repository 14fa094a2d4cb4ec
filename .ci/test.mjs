/**
 * The whole test command: format, lint, imports, types, unit tests in Node, engine tests in headless Chromium, production build,
 * end-to-end tests on that build. Ends with a line `N passed, N failed`, and with status 1 if anything failed.
 *
 * Invariant: a step that could not run counts as failed; a skipped test is reported as skipped, never as passed.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const reports = mkdtempSync(join(tmpdir(), 'aster-lab-'));
const totals = { passed: 0, failed: 0, skipped: 0 };

/** Vitest's JSON report (Jest's shape). */
function vitestCounts(file) {
  const report = JSON.parse(readFileSync(file, 'utf8'));
  const crashed = report.testResults.filter(
    (suite) => suite.status === 'failed' && suite.assertionResults.every((test) => test.status !== 'failed'),
  );
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + crashed.length,
    skipped: report.numPendingTests + (report.numTodoTests ?? 0),
  };
}

/** Playwright's JSON report. Nothing is tried twice (e2e/playwright.config.ts); a test that needed it would count as failed. */
function playwrightCounts(file) {
  const { stats, errors } = JSON.parse(readFileSync(file, 'utf8'));
  return {
    passed: stats.expected,
    failed: stats.unexpected + stats.flaky + errors.length,
    skipped: stats.skipped,
  };
}

function step(name, command, args, { counts, env = {} } = {}) {
  console.log(`\n=== ${name}`);
  const started = Date.now();
  const { status } = spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, ...env } });
  let result;
  try {
    result =
      counts === undefined
        ? { passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1, skipped: 0 }
        : counts();
    if (status !== 0 && result.failed === 0) result.failed = 1;
  } catch (error) {
    console.log(`No report: ${error.message}`);
    result = { passed: 0, failed: 1, skipped: 0 };
  }
  for (const key of Object.keys(totals)) totals[key] += result[key];
  const seconds = Math.round((Date.now() - started) / 1000);
  console.log(
    `=== ${name}: ${result.passed} passed, ${result.failed} failed, ${result.skipped} skipped in ${seconds} s`,
  );
}

const vitest = (project) => {
  const file = join(reports, `${project}.json`);
  const reporters = ['--reporter=dot', '--reporter=json', `--outputFile.json=${file}`];
  step(`unit tests (${project})`, 'npx', ['vitest', 'run', '--project', project, ...reporters], {
    counts: () => vitestCounts(file),
  });
};

step('format', 'npx', ['prettier', '--check', '--log-level', 'warn', '.']);
step('lint', 'npx', ['eslint', '.', '--max-warnings', '0']);
step('imports', 'npm', ['run', '--silent', 'imports']);
step('types', 'npx', ['tsc', '--noEmit']);
vitest('node');
vitest('browser');
step('build', 'npx', ['vite', 'build', '--logLevel', 'warn']);
const e2e = join(reports, 'e2e.json');
step(
  'end to end',
  'npx',
  ['playwright', 'test', '--config', 'e2e/playwright.config.ts', '--reporter=list,json'],
  {
    counts: () => playwrightCounts(e2e),
    env: { PLAYWRIGHT_JSON_OUTPUT_NAME: e2e },
  },
);

if (totals.skipped > 0) console.log(`\n${totals.skipped} skipped`);
console.log(`\n${totals.passed} passed, ${totals.failed} failed`);
process.exitCode = totals.failed === 0 && totals.passed > 0 ? 0 : 1;
