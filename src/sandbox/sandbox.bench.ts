/**
 * What a Python call costs, against real Pyodide in a Node worker thread: small cells as a policy writes them, in batches as a
 * rollout sends them. `npm run bench:unit`.
 */
import { bench, describe } from 'vitest';
import { createNodeSandbox } from './nodeWorker.ts';

// Hooks do not run around a benchmark; the worker ends with the process.
const sandbox = await createNodeSandbox({
  settings: { deadlineMs: 5000, maxCodeLength: 24, maxOutputLength: 24 },
});

describe('one batch of small cells, each in a trajectory of its own', () => {
  for (const size of [1, 64, 512]) {
    const cells = Array.from({ length: size }, (_, i) => ({ trajectory: i, code: `${i}*2+1` }));
    bench(`${size} cells`, async () => {
      await sandbox.run(cells);
      sandbox.release(cells.map(({ trajectory }) => trajectory));
    });
  }
});
