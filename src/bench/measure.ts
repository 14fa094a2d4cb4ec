/**
 * One measurement of one engine: an optimizer step, or a rollout of many sequences to their ends.
 *
 * A measurement begins with the engine idle and ends with its results read back: nothing is left on the GPU to be paid
 * for by the next one. What a person would wait for is timed, packing and sampling's bookkeeping included. The clock is
 * handed in.
 */
import type { BatchLoss, PolicyEngine, RolloutSequence } from '../engine/engine.ts';
import { objective, optimizer, type RolloutWork } from './workload.ts';
import type { GrpoSequence } from '../engine/engine.ts';

export type Now = () => number; // milliseconds

export interface StepMeasurement {
  readonly milliseconds: number;
  /** Until the thread is free for the first time: packing, encoding and submitting, before the GPU is waited for. */
  readonly jsMilliseconds: number;
  readonly loss: number;
}

export async function measureStep(
  engine: PolicyEngine,
  kind: BatchLoss['kind'],
  sequences: readonly GrpoSequence[],
  now: Now,
): Promise<StepMeasurement> {
  const free = nextTask();
  const start = now();
  const step =
    kind === 'sft'
      ? engine.step({ kind, sequences }, optimizer)
      : engine.step({ kind, sequences, objective }, optimizer);
  const jsMilliseconds = free.then(() => now() - start);
  const { loss } = await step;
  const milliseconds = now() - start;
  return { milliseconds, jsMilliseconds: Math.min(milliseconds, await jsMilliseconds), loss };
}

export interface RolloutMeasurement {
  readonly milliseconds: number;
  readonly sequences: readonly RolloutSequence[]; // by id
  /** Calls of `advance`: how often JavaScript took the turn. */
  readonly advances: number;
}

export async function measureRollout(
  engine: PolicyEngine,
  work: RolloutWork,
  now: Now,
): Promise<RolloutMeasurement> {
  const start = now();
  const session = engine.startRollout(work.options);
  const sequences = new Array<RolloutSequence>(work.prompts.length);
  const calls = new Uint32Array(work.prompts.length);
  let advances = 0;
  try {
    session.add(work.prompts.map((prompt, id) => ({ id, prompt })));
    while (session.live > 0) {
      advances++;
      for (const event of await session.advance()) {
        const { sequence } = event;
        if (event.type === 'finished') sequences[sequence.id] = sequence;
        else {
          const call = calls[sequence.id]!;
          calls[sequence.id] = call + 1;
          if (call >= work.calls[sequence.id]!) session.finish(sequence.id);
          else session.force(sequence.id, work.result(sequence.id, call));
        }
      }
    }
  } finally {
    session.dispose();
  }
  return { milliseconds: now() - start, sequences, advances };
}

/** Tokens after the prompts, sampled and forced. */
export function responseTokens(work: RolloutWork, sequences: readonly RolloutSequence[]): number {
  return sequences.reduce((sum, { id, tokens }) => sum + tokens.length - work.prompts[id]!.length, 0);
}

/** What decoding these sequences took at least: steps of the whole batch, and cached positions attended to. */
export function decodingWork(work: RolloutWork, sequences: readonly RolloutSequence[]) {
  let steps = 0;
  let positions = 0;
  for (const { id, tokens } of sequences) {
    const prompt = work.prompts[id]!.length;
    steps = Math.max(steps, tokens.length - prompt);
    for (let t = prompt; t < tokens.length; t++) positions += t;
  }
  return { steps, positions };
}

/** Share of sequences that two engines sampled token for token alike. */
export function sameShare(a: readonly RolloutSequence[], b: readonly RolloutSequence[]): number {
  const same = a.filter(({ tokens }, id) => {
    const other = b[id]?.tokens;
    return other?.length === tokens.length && tokens.every((token, t) => token === other[t]);
  });
  return same.length / Math.max(1, a.length);
}

/** Resolves when everything that can run now has run, and without the delay that timers have. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
