/**
 * The whole test command: types, lint, imports, format, unit tests in Node, engine tests in headless Chromium, production build,
 * end-to-end tests on that build. Ends with how long each part took and a line `N passed, N failed`; status 1 if anything failed.
 *
 * Three lanes run side by side on two cores: the end-to-end tests, the longest, wait for pages half of their time; the checks with Node's unit
 * tests, and the unit tests in a browser, fill the gaps. None has a bound in seconds that a busy machine could break. A part's output is shown when
 * it has ended, in one piece.
 *
 * Invariant: a part that could not run counts as failed; a skipped test is reported as skipped, never as passed.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const reports = mkdtempSync(join(tmpdir(), 'aster-lab-'));
const totals = { passed: 0, failed: 0, skipped: 0 };
const times = [];
const began = Date.now();
const secondsSince = (start) => Math.round((Date.now() - start) / 1000);

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

/** The exit status, and all that was written. */
function run(command, args, env) {
  return new Promise((resolve) => {
    let output = '';
    const process_ = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    for (const stream of [process_.stdout, process_.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => (output += text));
    }
    process_.on('error', (error) => resolve({ status: 1, output: `${output}${error.message}\n` }));
    process_.on('close', (status) => resolve({ status, output }));
  });
}

async function part(name, command, args, { counts, env = {} } = {}) {
  console.log(`... ${name}`);
  const started = Date.now();
  const { status, output } = await run(command, args, env);
  console.log(`\n=== ${name}`);
  process.stdout.write(output);
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
  const seconds = secondsSince(started);
  times.push(`${name} ${seconds} s`);
  console.log(
    `=== ${name}: ${result.passed} passed, ${result.failed} failed, ${result.skipped} skipped in ${seconds} s`,
  );
}

const vitest = (name, ...projects) => {
  const file = join(reports, `${name}.json`);
  const reporters = ['--reporter=dot', '--reporter=json', `--outputFile.json=${file}`];
  const chosen = projects.flatMap((project) => ['--project', project]);
  return part(`unit tests (${name})`, 'npx', ['vitest', 'run', ...chosen, ...reporters], {
    counts: () => vitestCounts(file),
  });
};

async function pages() {
  await part('build', 'npx', ['vite', 'build', '--logLevel', 'warn']);
  const file = join(reports, 'e2e.json');
  const args = ['test', '--config', 'e2e/playwright.config.ts', '--reporter=list,json'];
  await part('end to end', 'npx', ['playwright', ...args], {
    counts: () => playwrightCounts(file),
    env: { PLAYWRIGHT_JSON_OUTPUT_NAME: file },
  });
}

async function checks() {
  await part('types and lint', 'npx', ['oxlint', '-c', 'oxlint.config.js', '--deny-warnings']);
  await part('imports', 'npm', ['run', '--silent', 'imports']);
  await part('format', 'npx', ['oxfmt', '--check']);
  await vitest('node', 'node', 'isolated');
}

await Promise.all([pages(), checks(), vitest('browser', 'browser')]);

console.log(`\n${times.join(', ')}; all of it ${secondsSince(began)} s`);
if (totals.skipped > 0) console.log(`${totals.skipped} skipped`);
console.log(`\n${totals.passed} passed, ${totals.failed} failed`);
process.exitCode = totals.failed === 0 && totals.passed > 0 ? 0 : 1;
