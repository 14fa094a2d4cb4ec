import { describe, expect, it, vi } from 'vitest';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { PythonRepl } from './pythonRepl.ts';

const sandbox = (dispose: () => void = () => undefined): Sandbox => ({
  version: 'test',
  run: (cells) =>
    Promise.resolve(cells.map(({ code }) => ({ kind: 'ok' as const, output: code.toUpperCase() }))),
  release: () => undefined,
  dispose,
});

describe('the Python to try by hand', () => {
  it('starts at the first cell, once', async () => {
    const create = vi.fn(() => Promise.resolve(sandbox()));
    const repl = new PythonRepl(create);
    expect(create).not.toHaveBeenCalled();
    expect(await repl.run('a')).toEqual({ kind: 'ok', output: 'A' });
    await repl.run('b');
    expect(create).toHaveBeenCalledTimes(1);
  });

  it('tries again after a start that failed', async () => {
    const create = vi
      .fn<() => Promise<Sandbox>>()
      .mockRejectedValueOnce(new Error('Python could not be started.'));
    create.mockResolvedValueOnce(sandbox());
    const repl = new PythonRepl(create);
    await expect(repl.run('a')).rejects.toThrow('could not be started');
    expect(await repl.run('a')).toEqual({ kind: 'ok', output: 'A' });
  });

  it('runs a trajectory’s cells again in a namespace of their own', async () => {
    const python = sandbox();
    const run = vi.spyOn(python, 'run');
    const release = vi.spyOn(python, 'release');
    const repl = new PythonRepl(() => Promise.resolve(python));
    expect(await repl.runAgain(['a', 'b'])).toEqual({ kind: 'ok', output: 'B' });
    expect(await repl.runAgain(['c'])).toEqual({ kind: 'ok', output: 'C' });
    expect(run.mock.calls.map(([cells]) => cells)).toEqual([
      [
        { trajectory: 1, code: 'a' },
        { trajectory: 1, code: 'b' },
      ],
      [{ trajectory: 2, code: 'c' }],
    ]);
    expect(release).toHaveBeenCalledWith([1]);
  });

  it('lets its Python go', async () => {
    const dispose = vi.fn();
    const repl = new PythonRepl(() => Promise.resolve(sandbox(dispose)));
    await repl.run('a');
    repl.dispose();
    await vi.waitFor(() => expect(dispose).toHaveBeenCalled());
  });
});
