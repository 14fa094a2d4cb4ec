/**
 * `npm run train` on a disk that fails: `node faultRun.js kill 123456 --preset ...` dies by SIGKILL in the middle of the write that reaches that
 * byte, `full` finds no room there, `none` is an ordinary run. After `sums` calls are reckoned without Python, whose start is most of such a
 * run; after `python` they really run.
 */
import { createNodeSandbox } from '../../sandbox/nodeSandbox.ts';
import { ArithmeticSandbox } from '../../train/testing/arithmeticSandbox.ts';
import { trainCommand } from '../trainCommand.ts';
import { faultyDisk } from './faultyDisk.ts';

const [fault, bytes, calls, ...words] = process.argv.slice(2);
if (fault !== 'kill' && fault !== 'full' && fault !== 'none')
  throw new Error(`There is no fault “${fault}”.`);
await trainCommand(
  words,
  faultyDisk(fault, Number(bytes), () => process.kill(process.pid, 'SIGKILL')),
  async (options) => (calls === 'python' ? createNodeSandbox(options) : new ArithmeticSandbox()),
);
