/**
 * A run that is given up in the middle: whoever pulls the ticks calls `return()`, and nothing may stay open.
 */
import { describe, expect, it } from 'vitest';
import type { RolloutOptions, RolloutSession } from '../engine/engine.ts';
import { encodeText, tokenIds } from '../tasks/vocabulary.ts';
import type { PhaseName, RunTick } from './events.ts';
import { runRecipe } from './run.ts';
import { defaultSettings, type RunSettings } from './settings.ts';
import { ArithmeticSandbox } from './testing/arithmeticSandbox.ts';
import { ScriptedEngine } from './testing/scriptedEngine.ts';
import { drain, silently, within, type TickStream } from './ticks.ts';

const settings: RunSettings = {
  ...defaultSettings,
  task: { ...defaultSettings.task, trainProblems: 12 },
  teacher: { ...defaultSettings.teacher, trajectories: 20 },
  sft: { ...defaultSettings.sft, epochs: 1, batchSize: 4, probes: 1 },
  grpo: { ...defaultSettings.grpo, groupSize: 2, promptsPerStep: 2 },
  stage1: { ...defaultSettings.stage1, steps: 1 },
  stage2: { ...defaultSettings.stage2, steps: 1 },
  evaluation: { ...defaultSettings.evaluation, problems: 2, samples: 2 },
};

const turns = [
  [tokenIds.toolCall, ...encodeText('1+1'), tokenIds.toolCallEnd],
  [tokenIds.thinkEnd, ...encodeText('2'), tokenIds.imEnd],
];

/** Knows how many of its rollout sessions have not been disposed of. */
class CountingEngine extends ScriptedEngine {
  open = 0;

  override startRollout(options: RolloutOptions): RolloutSession {
    const session = super.startRollout(options);
    const dispose = session.dispose.bind(session);
    this.open++;
    session.dispose = () => {
      this.open--;
      dispose();
    };
    return session;
  }
}

/** Pulls a run until a rollout session is open in `phase`. */
async function runInto(phase: PhaseName) {
  const engine = new CountingEngine(() => turns);
  const sandbox = new ArithmeticSandbox();
  const run = runRecipe({ engine, sandbox, settings });
  let reached = false;
  for (;;) {
    const next = await run.next();
    if (next.done === true) throw new Error(`The run ended before ${phase} had a session.`);
    if (next.value.events.some((event) => event.type === 'phase' && event.phase === phase)) reached = true;
    if (reached && engine.open > 0) return { run, engine, sandbox };
  }
}

describe('a run that is given up', () => {
  it.each(['sft', 'baseline', 'stage1', 'stage2', 'evaluation'] as const)(
    'disposes of the rollout session it was in: %s',
    async (phase) => {
      const { run, engine, sandbox } = await runInto(phase);
      const released = sandbox.released.length;
      await run.return();
      expect(engine.open).toBe(0);
      expect(sandbox.released.length).toBeGreaterThan(released);
    },
  );

  it('is given up to the bottom while it makes again what it has reported before', async () => {
    let closed = false;
    async function* inner(): TickStream<number> {
      try {
        yield within({ type: 'done' });
        yield within({ type: 'done' });
        return 5;
      } finally {
        closed = true;
      }
    }
    const stream = silently(inner());
    expect(await stream.next()).toEqual({ done: false, value: within() });
    await stream.return(0);
    expect(closed).toBe(true);
    expect(await drain(silently(inner()))).toBe(5);
  });
});

describe('tokens', () => {
  it('of an evaluation are counted as they are sampled', async () => {
    const engine = new ScriptedEngine(() => turns);
    const ticks: RunTick[] = [];
    await drain(
      runRecipe({
        engine,
        sandbox: new ArithmeticSandbox(),
        settings: { ...settings, sft: { ...settings.sft, epochs: 0 } },
      }),
      (tick) => ticks.push(tick),
    );
    const inEvaluation = ticks.filter((tick) =>
      tick.events.some(
        (event) => event.type === 'progress' && (event.phase === 'baseline' || event.phase === 'evaluation'),
      ),
    );
    const tokens = inEvaluation.reduce((sum, tick) => sum + tick.tokens, 0);
    // Twice three benchmarks under two budgets, each with four trajectories longer than what was written into them.
    expect(tokens).toBeGreaterThan(2 * 6 * 4 * turns.flat().length);
  });
});
