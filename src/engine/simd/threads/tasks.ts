/** Tasks as the kernels read them (assembly/threads/tasks.ts). No task depends on another of the same list. */
import type { Address } from '../kernelExports.ts';

export type Task =
  /** The batch's objective on ranges of its rows, one after the other into one gradient, which starts from zero; 0: none. */
  | {
      readonly kind: 'loss';
      readonly model: Address;
      readonly weights: Address;
      readonly batch: Address;
      readonly gradient: Address;
      readonly gradientBytes: number;
      readonly ranges: Address; // [count, 2]: first row, rows
      readonly count: number;
    }
  /** Given tokens into the cache, at most `lot` rows at a time. */
  | {
      readonly kind: 'prefill';
      readonly rollout: Address;
      readonly tokens: Address; // [rows, 4]: token, position, slot
      readonly rows: number;
      readonly lot: number;
    }
  /** Up to `steps` tokens for each of the slots `active`. */
  | {
      readonly kind: 'decode';
      readonly rollout: Address;
      readonly tokens: Address; // [count, 4], scratch
      readonly active: Address; // [count]
      readonly count: number;
      readonly steps: number;
    };

export const TASK_WORDS = 8;

const kinds = { loss: 0, prefill: 1, decode: 2 } as const;

/** How a list of tasks stands. */
export const taskStatus = { done: 0, failed: 1, pending: 2 } as const;

/** // [TASK_WORDS] */
export function taskWords(task: Task): readonly number[] {
  const kind = kinds[task.kind];
  switch (task.kind) {
    case 'loss': {
      const { model, weights, batch, gradient, ranges, count, gradientBytes } = task;
      return [kind, model, weights, batch, gradient, ranges, count, gradientBytes];
    }
    case 'prefill':
      return [kind, task.rollout, task.tokens, 0, 0, 0, task.rows, task.lot];
    case 'decode':
      return [kind, task.rollout, task.tokens, task.active, 0, 0, task.count, task.steps];
  }
}
