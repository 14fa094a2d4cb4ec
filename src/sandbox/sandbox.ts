/**
 * The sandbox's contract: Python cells in, typed results out, many at a time.
 *
 * Invariants. (1) One namespace per trajectory, alive as long as the trajectory; variables persist between its calls.
 * (2) A cell that does not end `ok` leaves no trace in its namespace. (3) The value of a last bare expression is printed.
 * (4) No cell can hang the run: each has a deadline, and a worker that does not come back is replaced.
 */

/** A cell to run, in the namespace of `trajectory`. Cells of one batch run in order. */
export interface Cell {
  readonly trajectory: number;
  readonly code: string;
}

/** How a cell ended. */
type Ending =
  | { readonly kind: 'ok'; readonly output: string }
  /** Python raised; `message` is the last line of the traceback. `output` is what had been printed. */
  | { readonly kind: 'error'; readonly message: string; readonly output: string }
  | { readonly kind: 'timeout'; readonly deadlineMs: number }
  | { readonly kind: 'memory'; readonly message: string }
  /** Not run: the code is empty, too long, or not text the sandbox takes. */
  | { readonly kind: 'format'; readonly message: string };

/** `stateLost`: before this cell something that the trajectory's earlier cells had left could not be brought back. */
export type ExecutionResult = Ending & { readonly stateLost?: true | undefined };

export type ExecutionKind = ExecutionResult['kind'];
export const executionKinds: readonly ExecutionKind[] = ['ok', 'error', 'timeout', 'memory', 'format'];

export interface SandboxSettings {
  /** Wall-clock deadline of one cell, milliseconds. */
  readonly deadlineMs: number;
  /** Longest code a cell may have, characters; longer code is a `format` result. */
  readonly maxCodeLength: number;
  /** Printed output is cut to this many characters. */
  readonly maxOutputLength: number;
}

export interface Sandbox {
  /** e.g. "Pyodide 314.0.7, Python 3.14.2". */
  readonly version: string;
  /** One result per cell, in order. Never rejects because of what a cell does. */
  run(cells: readonly Cell[]): Promise<readonly ExecutionResult[]>;
  /** Forget these trajectories' namespaces. */
  release(trajectories: readonly number[]): void;
  dispose(): void;
}

/** Python cannot be started at all. `message` is one sentence for the page: what happened and what to do. */
export class SandboxUnavailableError extends Error {
  override readonly name = 'SandboxUnavailableError';

  constructor(reason: string) {
    super(
      `Python could not be started (${reason.replace(/\.$/, '')}), so check that the "pyodide" folder ` +
        'is served beside the page and reload.',
    );
  }
}
