/**
 * What a call costs, in batches as rollouts make them: one short cell for each trajectory. `npm run bench:unit`; in Chromium, with the
 * page's own Python worker: `npx vitest bench --run --project browser src/sandbox`.
 *
 * Repeated cells are of a few texts, as a policy writes most of them; distinct ones were never seen before, so that the guard looks at
 * each and Python compiles it. A batch's time divided by its size is the time a call.
 */
import { bench, describe } from 'vitest';
import type { Sandbox, SandboxSettings } from './sandbox.ts';

const settings: SandboxSettings = { deadlineMs: 5000, maxCodeLength: 24, maxOutputLength: 8 };

async function start(): Promise<Sandbox> {
  if (typeof document === 'undefined') {
    const { createNodeSandbox } = await import('./nodeSandbox.ts');
    return createNodeSandbox({ settings });
  }
  const { createBrowserSandbox } = await import('./browserSandbox.ts');
  const { openPythonDoor } = await import('./pythonFrame.ts');
  return createBrowserSandbox({ door: openPythonDoor(location.origin).port, settings });
}

const sandbox = await start();
const repeated = Array.from(
  { length: 3000 },
  (_, i) => `${2 + (i % 48)}${'+-*'.charAt(i % 3)}${2 + (i % 23)}`,
);
let next = 0;

describe.each([1, 16, 64, 256])('a batch of %d calls', (size) => {
  const run = async (code: (call: number) => string) => {
    const cells = Array.from({ length: size }, (_, trajectory) => ({ trajectory, code: code(next++) }));
    await sandbox.run(cells);
    sandbox.release(cells.map(({ trajectory }) => trajectory));
  };
  bench('of repeated texts', () => run((call) => repeated[call % repeated.length]!));
  bench('of distinct texts', () => run((call) => `${1000 + call}*7+${call % 10}`));
});
