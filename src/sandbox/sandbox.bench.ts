/**
 * What a call costs, in batches as rollouts make them: one short cell for each trajectory, of a few thousand different texts, as a
 * teacher or a policy writes them. `npm run bench:unit`.
 */
import { bench, describe } from 'vitest';
import { createNodeSandbox } from './nodeWorker.ts';

const sandbox = await createNodeSandbox({
  settings: { deadlineMs: 5000, maxCodeLength: 24, maxOutputLength: 8 },
});
const codes = Array.from({ length: 3000 }, (_, i) => `${2 + (i % 48)}${'+-*'.charAt(i % 3)}${2 + (i % 23)}`);
let next = 0;

describe.each([64, 512])('a batch of %d calls', (size) => {
  bench('one in each trajectory', async () => {
    const cells = Array.from({ length: size }, (_, trajectory) => ({
      trajectory,
      code: codes[next++ % codes.length]!,
    }));
    await sandbox.run(cells);
    sandbox.release(cells.map(({ trajectory }) => trajectory));
  });
});
