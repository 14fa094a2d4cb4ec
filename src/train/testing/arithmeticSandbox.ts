/**
 * A sandbox for tests of the recipe: integer arithmetic only, no Python, results typed as the real one types them.
 */
import type { Cell, ExecutionResult, Sandbox } from '../../sandbox/sandbox.ts';

export class ArithmeticSandbox implements Sandbox {
  readonly version = 'arithmetic';
  /** Every batch that was run. */
  readonly batches: Cell[][] = [];
  readonly released: number[] = [];

  async run(cells: readonly Cell[]): Promise<readonly ExecutionResult[]> {
    this.batches.push([...cells]);
    return cells.map(({ code }) => evaluate(code));
  }

  release(trajectories: readonly number[]): void {
    this.released.push(...trajectories);
  }

  dispose(): void {}
}

function evaluate(code: string): ExecutionResult {
  const match = /^(\d+)(?:(\/\/|[-+*%])(\d+))?$/.exec(code.trim());
  if (match === null) return { kind: 'error', message: 'SyntaxError: invalid syntax', output: '' };
  const left = Number(match[1]);
  const right = Number(match[3] ?? 0);
  switch (match[2]) {
    case undefined:
      return ok(left);
    case '+':
      return ok(left + right);
    case '-':
      return ok(left - right);
    case '*':
      return ok(left * right);
    default:
      if (right === 0)
        return { kind: 'error', message: 'ZeroDivisionError: integer division by zero', output: '' };
      return ok(match[2] === '//' ? Math.floor(left / right) : left % right);
  }
}

const ok = (value: number): ExecutionResult => ({ kind: 'ok', output: `${value}\n` });
