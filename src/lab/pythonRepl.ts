/**
 * A Python of the visitor's own: the same sandbox that the policy's calls run in, to be tried by hand. It is a sandbox of its own, so
 * nothing that a visitor types can touch a run.
 *
 * Invariants (pythonRepl.test.ts). (1) It is started at the first cell, not with the page. (2) If Python could not be started, the next
 * cell tries again.
 */
import type { ExecutionResult, Sandbox, SandboxSettings } from '../sandbox/sandbox.ts';

export type { ExecutionResult } from '../sandbox/sandbox.ts';

/** A visitor may write more than a policy, and see more. */
export function replSettings(deadlineMs: number): SandboxSettings {
  return { deadlineMs, maxCodeLength: 2000, maxOutputLength: 2000 };
}

export class PythonRepl {
  readonly #create: () => Promise<Sandbox>;
  #sandbox: Promise<Sandbox> | null = null;
  #replays = 0;

  constructor(create: () => Promise<Sandbox>) {
    this.#create = create;
  }

  /** Rejects with a sentence where Python cannot be started; a cell's own failure is a result. */
  async run(code: string): Promise<ExecutionResult> {
    const sandbox = await this.#start();
    const [result] = await sandbox.run([{ trajectory: 0, code }]);
    if (result === undefined) throw new Error('Python gave no result.');
    return result;
  }

  /**
   * Run a trajectory's cells once more, in a namespace of their own. @returns the last one's result
   * Rejects like `run`.
   */
  async runAgain(cells: readonly string[]): Promise<ExecutionResult> {
    const sandbox = await this.#start();
    const trajectory = ++this.#replays;
    const results = await sandbox.run(cells.map((code) => ({ trajectory, code })));
    sandbox.release([trajectory]);
    const result = results.at(-1);
    if (result === undefined) throw new Error('Python gave no result.');
    return result;
  }

  async #start(): Promise<Sandbox> {
    const starting = (this.#sandbox ??= this.#create());
    try {
      return await starting;
    } catch (error) {
      this.#sandbox = null;
      throw error;
    }
  }

  dispose(): void {
    // A Python that never started has nothing to let go of.
    void this.#sandbox?.then(
      (sandbox) => sandbox.dispose(),
      () => undefined,
    );
    this.#sandbox = null;
  }
}
