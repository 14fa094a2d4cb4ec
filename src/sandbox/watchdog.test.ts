/**
 * Cells that do not come back, against real Pyodide in Node worker threads.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createNodeSandbox } from './nodeSandbox.ts';
import type { PythonPool } from './pool.ts';
import type { ExecutionResult } from './sandbox.ts';

const deadlineMs = 400;
const timeout: ExecutionResult = { kind: 'timeout', deadlineMs };
const ok = (output: string): ExecutionResult => ({ kind: 'ok', output });

let sandbox: PythonPool;
beforeAll(async () => {
  sandbox = await createNodeSandbox({
    settings: { deadlineMs, maxCodeLength: 400, maxOutputLength: 100 },
    recycleHeapBytes: 60 * 2 ** 20,
  });
}, 120_000);
afterAll(() => sandbox.dispose());

const run = async (...codes: string[]) => await sandbox.run(codes.map((code) => ({ trajectory: 1, code })));

it('stops an endless loop at its deadline in place, undoes it, and runs the cells behind it', async () => {
  const started = performance.now();
  expect(await run('x = [1]', 'x.append(2)\nwhile True: pass', 'x')).toEqual([ok(''), timeout, ok('[1]')]);
  expect(performance.now() - started).toBeGreaterThanOrEqual(deadlineMs);
  expect(sandbox.workersReplaced).toBe(0);
});

it.each([
  ['a bare except', 'while True:\n  try:\n    while True: pass\n  except: pass'],
  ['a backtracking match', "import re\nre.match('(a+)+$', 'a'*40 + 'b')"],
  ['a slow repr', 'class A:\n  def __repr__(self):\n    while True: pass\nA()'],
  ['a slow error message', 'class E(Exception):\n  def __str__(self):\n    while True: pass\nraise E'],
  ['a slow sort', 'sorted([3, 1, 2], key=lambda x: [0 for _ in iter(int, 1)])'],
])('the deadline stops %s in place', async (_what, code) => {
  expect(await run(code, '1+1')).toEqual([timeout, ok('2')]);
  expect(sandbox.workersReplaced).toBe(0);
});

it.each([
  ['a loop that swallows the interrupt', 'while True:\n  try:\n    while True: pass\n  finally: continue'],
  ['a loop in C', 'sum(range(10**10))'],
])('kills %s, rebuilds every namespace, and runs the rest of the batch', async (_what, hanging) => {
  const replaced = sandbox.workersReplaced;
  await sandbox.run([
    { trajectory: 5, code: 'import random\na = random.random()\nx = [a]' },
    { trajectory: 6, code: 'def f(n): return n + b' },
    { trajectory: 6, code: 'b = 2' },
  ]);
  const [drawn] = await sandbox.run([{ trajectory: 5, code: 'a' }]);
  const results = await sandbox.run([
    { trajectory: 5, code: 'x.append(1)' },
    { trajectory: 7, code: 'c = 3' },
    { trajectory: 7, code: hanging },
    { trajectory: 5, code: 'a' },
    { trajectory: 5, code: 'len(x)' },
    { trajectory: 6, code: 'f(1)' },
    { trajectory: 7, code: 'c' },
  ]);
  expect(results).toEqual([ok(''), ok(''), timeout, drawn, ok('2'), ok('3'), ok('3')]);
  expect(sandbox.workersReplaced).toBe(replaced + 1);
  sandbox.release([5, 6, 7]);
});

it('exchanges a worker whose heap has grown, keeps the variables, and orders sets as before', async () => {
  const replaced = sandbox.workersReplaced;
  const ordered = 'list({"key" + str(i) for i in range(12)})';
  const before = await run(ordered);
  expect(await run('kept = 4', "len('a' * (40 * 2**20))")).toEqual([ok(''), ok(String(40 * 2 ** 20))]);
  expect(await run('kept')).toEqual([ok('4')]);
  expect(await run(ordered)).toEqual(before);
  expect(sandbox.workersReplaced).toBe(replaced + 1);
});
