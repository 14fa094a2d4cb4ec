/**
 * The trajectory format: what a policy (or the scripted teacher) produced on one problem, and what really happened.
 *
 * Invariant: `tokens`, `lossMask` and `logProbs` come from the sampler (or the teacher) and are never rebuilt from
 * text. `calls` is the sandbox's log; counting calls in the tokens (calls.ts) must give `calls.length` (a property test
 * says so), and one more where `stop` is `budget`: the call that was one too many was written but never run.
 */
import type { ExecutionResult } from '../sandbox/sandbox.ts';
import type { Problem } from './problem.ts';

export interface ToolCall {
  readonly code: string;
  readonly result: ExecutionResult;
  /** Index of `<tool_call>` in the tokens. */
  readonly start: number;
  /** Index after `</tool_response>`; equals the end of the call where the context or budget cut the response off. */
  readonly end: number;
}

/** Why a trajectory ended: `<|im_end|>`, the context, or a call beyond the budget. */
export type StopReason = 'end' | 'context' | 'budget';

export interface Trajectory {
  readonly problem: Problem;
  readonly tokens: Int32Array; // [tokens]
  readonly lossMask: Uint8Array; // [tokens], 1 = produced by the policy, 0 = prompt or tool output
  readonly logProbs: Float32Array; // [tokens], at the sampling temperature; 0 where forced
  readonly calls: readonly ToolCall[];
  readonly stop: StopReason;
}
