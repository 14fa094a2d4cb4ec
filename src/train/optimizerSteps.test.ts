/**
 * Steps in flight, skipped steps, and the end of a run that takes none any more, on an engine that is told what becomes of each step.
 */
import { describe, expect, it } from 'vitest';
import { NonFiniteLossError, type BatchLoss, type OptimizerSettings } from '../engine/engine.ts';
import { encodeText, tokenIds } from '../tasks/vocabulary.ts';
import type { RunCheckpoint } from './checkpoint.ts';
import type { RunEvent } from './events.ts';
import { mostSkippedInARow } from './optimizerSteps.ts';
import { runRecipe } from './run.ts';
import { defaultSettings, type RunSettings } from './settings.ts';
import { ArithmeticSandbox } from './testing/arithmeticSandbox.ts';
import { ScriptedEngine } from './testing/scriptedEngine.ts';

const settings: RunSettings = {
  ...defaultSettings,
  policy: { preset: 'micro', base: 'scratch', shape: '' },
  task: { ...defaultSettings.task, trainProblems: 8 },
  teacher: { ...defaultSettings.teacher, trajectories: 40 },
  sft: { ...defaultSettings.sft, epochs: 4, batchSize: 4, probes: 2 },
  grpo: { ...defaultSettings.grpo, groupSize: 2, promptsPerStep: 4, miniBatches: 2 },
  stage1: { ...defaultSettings.stage1, steps: 4 },
  stage2: { ...defaultSettings.stage2, steps: 0 },
  evaluation: { ...defaultSettings.evaluation, afterColdStart: false, problems: 1, samples: 1 },
};

/** Answers at once; its steps come back a little later, in order, and those in `bad` (1 is the first) are not finite. */
class SlowSteps extends ScriptedEngine {
  inFlight = 0;
  mostInFlight = 0;
  rolloutsBesideSteps = 0;
  readonly #bad: ReadonlySet<number>;
  #asked = 0;

  constructor(bad: readonly number[] = []) {
    super((id) => [[tokenIds.thinkEnd, ...encodeText(`${id % 3}`), tokenIds.imEnd]]);
    this.#bad = new Set(bad);
  }

  override async step(batch: BatchLoss, optimizer: OptimizerSettings) {
    const place = ++this.#asked;
    this.mostInFlight = Math.max(this.mostInFlight, ++this.inFlight);
    const stats = await super.step(batch, optimizer);
    await new Promise((resolve) => setTimeout(resolve, 1));
    this.inFlight--;
    if (this.#bad.has(place)) throw new NonFiniteLossError(`Step ${place} is not finite.`);
    return { ...stats, loss: place, gradNorm: place / 10 };
  }

  override startRollout(...options: Parameters<ScriptedEngine['startRollout']>) {
    this.rolloutsBesideSteps += this.inFlight;
    return super.startRollout(...options);
  }
}

interface Told {
  readonly events: RunEvent[];
  /** The offered checkpoints, each with the number of events before it. */
  readonly checkpoints: { readonly checkpoint: RunCheckpoint; readonly eventsBefore: number }[];
  error: unknown;
}

async function tell(engine: SlowSteps, from?: RunCheckpoint): Promise<Told> {
  const told: Told = { events: [], checkpoints: [], error: null };
  try {
    for await (const tick of runRecipe({
      engine,
      sandbox: new ArithmeticSandbox(),
      settings,
      ...(from === undefined ? {} : { from }),
    })) {
      told.events.push(...tick.events);
      if (tick.checkpoint === undefined) continue;
      told.checkpoints.push({ checkpoint: await tick.checkpoint(), eventsBefore: told.events.length });
    }
  } catch (error) {
    told.error = error;
  }
  return told;
}

const sftEvents = (events: readonly RunEvent[]) =>
  events.flatMap((event) => (event.type === 'sft' ? [event] : []));
const stage1Values = (events: readonly RunEvent[]) =>
  events.flatMap((event) => (event.type === 'round' && event.phase === 'stage1' ? [event.values] : []));

describe('steps of the cold start', () => {
  it('are asked for two deep, never three, and none while a probe samples', async () => {
    const engine = new SlowSteps();
    const { events, error } = await tell(engine);
    expect(error).toBeNull();
    expect(engine.mostInFlight).toBe(2);
    expect(engine.rolloutsBesideSteps).toBe(0);
    const told = sftEvents(events);
    expect(told.length).toBeGreaterThan(20);
    expect(told.map(({ values }) => values['train/loss'])).toEqual(told.map((_, i) => i + 1));
  });

  it('go on from any checkpoint with the same events, also where the next step was in the weights already', async () => {
    const whole = await tell(new SlowSteps([7]));
    const ofColdStart = whole.checkpoints.filter(({ checkpoint }) => checkpoint.position.phase === 'sft');
    const ahead = ofColdStart.filter(({ checkpoint }) => checkpoint.position.ahead !== undefined);
    expect(ahead.length).toBeGreaterThan(15);
    expect(ahead.some(({ checkpoint }) => checkpoint.position.ahead === null)).toBe(true);
    for (const { checkpoint, eventsBefore } of ofColdStart) {
      const { position } = checkpoint;
      // An engine that has taken as many steps as are in the checkpoint's weights.
      const engine = new SlowSteps([7]);
      const taken = position.done + (position.ahead === undefined ? 0 : 1);
      const first = { kind: 'sft', sequences: [] } as const;
      for (let i = 0; i < taken; i++) {
        await engine
          .step(first, { ...settings.optimizer, learningRate: 0, weightDecay: 0 })
          .catch(() => null);
      }
      const resumed = await tell(engine, checkpoint);
      expect(resumed.events, `after step ${position.done}`).toEqual(whole.events.slice(eventsBefore));
    }
  });
});

describe('a step that is not finite', () => {
  it('is left out and counted, in the cold start and in a stage', async () => {
    const steps = sftEvents((await tell(new SlowSteps())).events).length;
    // The cold start's second step, and of stage 1's two mini-batches a round the second round's first and the third's both.
    const { events, error } = await tell(new SlowSteps([2, steps + 3, steps + 5, steps + 6]));
    expect(error).toBeNull();
    expect(events.at(-1)).toEqual({ type: 'done' });
    const second = sftEvents(events)[1];
    expect(second?.values).toEqual({ 'train/lr': expect.any(Number) as number, 'train/skipped_steps': 1 });
    const skipped = sftEvents(events).map(({ values }) => values['train/skipped_steps']);
    expect(skipped.filter((count) => count === 1)).toHaveLength(1);
    const rounds = stage1Values(events);
    expect(rounds.map((values) => values['actor/skipped_steps'])).toEqual([0, 1, 2, 0]);
    expect(rounds.map((values) => values['actor/grad_norm'])).toEqual([
      (steps + 1.5) / 10,
      (steps + 4) / 10,
      undefined,
      (steps + 7.5) / 10,
    ]);
  });

  it.each(['sft', 'stage1'] as const)(
    'ends the run when there are several in a row (%s), and what was offered to be saved is from before them',
    async (phase) => {
      const steps = sftEvents((await tell(new SlowSteps())).events).length;
      const before = phase === 'sft' ? 5 : steps + 2;
      const bad = Array.from({ length: mostSkippedInARow }, (_, i) => before + 1 + i);
      const { events, checkpoints, error } = await tell(new SlowSteps(bad));
      expect(error).toBeInstanceOf(NonFiniteLossError);
      expect((error as Error).message).toMatch(/^[^.]*3 optimizer steps in a row[^.]*\.$/);
      expect(events.at(-1)).not.toEqual({ type: 'done' });
      const last = checkpoints.at(-1)?.checkpoint.position;
      expect(last).toMatchObject({ phase, done: phase === 'sft' ? 5 : 1 });
      // One fewer, and the run goes on.
      expect((await tell(new SlowSteps(bad.slice(1)))).error).toBeNull();
    },
  );
});
