/**
 * The contract between the page and the worker that answers a person's questions: a policy is loaded, asked, or shown a trajectory.
 *
 * Invariants (asking.test.ts). (1) Every message with an `id` is answered with that id: by `loaded`, `answered` or `alternatives`, or
 * by `failed` with a sentence. (2) A later question ends an earlier one, which is then answered as far as it had come.
 */
import type { Problem } from '../tasks/problem.ts';
import type { Trajectory } from '../tasks/trajectory.ts';
import type { RunSettings } from '../train/settings.ts';

/** A token that the policy might have written, and how likely it found it. */
export interface Alternative {
  readonly token: number;
  readonly probability: number;
}

export type ToAsk =
  /** Take these weights (a .safetensors file) of a policy with these settings. `baseUrl`: the page's own address. */
  | {
      readonly type: 'load';
      readonly id: number;
      readonly weights: Uint8Array;
      readonly settings: RunSettings;
      readonly baseUrl: string;
    }
  /** Answer a problem once; `seed` names the draws. */
  | { readonly type: 'ask'; readonly id: number; readonly problem: Problem; readonly seed: number }
  /** What the policy finds likely at every place of these tokens. */
  | { readonly type: 'look'; readonly id: number; readonly tokens: Int32Array }
  | { readonly type: 'stop' };

export type FromAsk =
  | { readonly type: 'loaded'; readonly id: number }
  /** As far as the answer has come: another token, or Python's output. `stop` is not decided yet. */
  | { readonly type: 'written'; readonly id: number; readonly trajectory: Omit<Trajectory, 'stop'> }
  /** `stopped`: a person stopped it. */
  | {
      readonly type: 'answered';
      readonly id: number;
      readonly trajectory: Trajectory;
      readonly stopped: boolean;
      readonly right: boolean;
    }
  /** The likeliest tokens at each place, most likely first; none at place 0, which nothing precedes. // [tokens][<= 5] */
  | {
      readonly type: 'alternatives';
      readonly id: number;
      readonly places: readonly (readonly Alternative[])[];
    }
  | { readonly type: 'failed'; readonly id: number; readonly message: string };
