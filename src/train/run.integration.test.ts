/**
 * The recipe with nothing replaced: a real engine (our kernels on the processor), real Python (Pyodide in Node worker threads).
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSimdEngine } from '../engine/simd/simdEngine.ts';
import { policyConfig } from '../policy/config.ts';
import { createNodeSandbox } from '../sandbox/nodeSandbox.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { decodeTokens, encodeText, tokenIds, vocabularySize } from '../tasks/vocabulary.ts';
import type { RunCheckpoint } from './checkpoint.ts';
import { readRunCheckpoint, readWeights, writeRunCheckpoint } from './checkpointFile.ts';
import type { RunEvent } from './events.ts';
import { rollOut } from './rollout.ts';
import { runRecipe } from './run.ts';
import { defaultSettings, type RunSettings } from './settings.ts';
import { ScriptedEngine } from './testing/scriptedEngine.ts';
import { drain } from './ticks.ts';

/** The `micro` preset's shape, with fewer steps. */
const settings: RunSettings = {
  ...defaultSettings,
  policy: { preset: 'micro', base: 'scratch', shape: '' },
  task: {
    ...defaultSettings.task,
    operations: '+-',
    valueMax: 20,
    coldStartMinLength: 1,
    coldStartMaxLength: 2,
    trainProblems: 16,
  },
  teacher: { ...defaultSettings.teacher, trajectories: 96 },
  curation: { ...defaultSettings.curation, sparseMax: 0, denseMin: 1, size: 64 },
  sft: { ...defaultSettings.sft, epochs: 10, batchSize: 16, learningRate: 1e-2, warmupSteps: 8, probes: 1 },
  grpo: { ...defaultSettings.grpo, promptsPerStep: 4 },
  stage1: { steps: 2, finalRatio: 1, minLength: 1, maxLength: 2, context: 64 },
  stage2: { steps: 1, finalRatio: 1, minLength: 1, maxLength: 2, context: 80, longShare: 0 },
  evaluation: { ...defaultSettings.evaluation, problems: 3, samples: 2, shortContext: 64, longContext: 80 },
  // Runs are compared: a busy machine may need longer for a cell than the quarter of a second of the default.
  sandbox: { ...defaultSettings.sandbox, deadlineMs: 1000 },
};

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await createNodeSandbox({ settings: settings.sandbox });
}, 60_000);
afterAll(() => sandbox.dispose());

/** A run of `runSettings` on so many threads, from the beginning or on from a checkpoint, told tick by tick. */
async function* run(runSettings: RunSettings, threads: number, from?: RunCheckpoint) {
  const config = policyConfig('micro', vocabularySize);
  const engine = await createSimdEngine({ config, threads });
  expect(engine.description).toMatchObject({ engine: 'simd', threads });
  try {
    yield* runRecipe({
      engine,
      sandbox,
      settings: runSettings,
      ...(from === undefined ? {} : { from }),
    });
  } finally {
    engine.dispose();
  }
}

async function record(seed: number, threads: number): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  const ticks = run({ ...settings, run: { ...settings.run, seed } }, threads);
  await drain(ticks, (tick) => events.push(...tick.events));
  return events;
}

describe('a whole run on a real engine with real Python', () => {
  it(
    'is the same twice for one seed, whatever the number of threads, and another for another',
    { timeout: 180_000 },
    async () => {
      const first = await record(1, 1);
      expect(first.at(-1)).toEqual({ type: 'done' });
      for (const threads of [1, 2, 3]) expect(await record(1, threads), `${threads} threads`).toEqual(first);
      const other = await record(2, 1);
      const losses = (events: readonly RunEvent[]) =>
        events.flatMap((event) => (event.type === 'sft' ? [event.values['train/loss']] : []));
      expect(losses(other)).not.toEqual(losses(first));
      const [start, end] = [losses(first)[0] ?? 0, losses(first).at(-1) ?? 0];
      expect(start).toBeCloseTo(Math.log(vocabularySize), 3);
      expect(end).toBeLessThan(start / 2);
      const rounds = first.flatMap((event) => (event.type === 'round' ? [event] : []));
      for (const { phase, values } of rounds)
        if (phase !== 'sft') expect(values.rollout_probs_diff_max).toBeLessThan(1e-4);
    },
  );

  it(
    'goes on from a checkpoint as if it had never stopped, in every phase and on another number of threads',
    { timeout: 240_000 },
    async () => {
      const short: RunSettings = {
        ...settings,
        sft: { ...settings.sft, epochs: 2, probes: 2 },
        grpo: { ...settings.grpo, promptsPerStep: 4, klCoefficient: 0.01 },
        stage2: { ...settings.stage2, steps: 2 },
      };
      const wanted = new Set([
        'sft 3',
        'sft 4',
        'sft 8',
        'baseline 2',
        'stage1 1',
        'stage1 2',
        'stage2 1',
        'evaluation 5',
      ]);
      const stops: { readonly name: string; readonly bytes: Uint8Array; readonly eventsBefore: number }[] =
        [];
      const events: RunEvent[] = [];
      for await (const tick of run(short, 2)) {
        events.push(...tick.events);
        if (tick.checkpoint === undefined) continue;
        const checkpoint = await tick.checkpoint();
        const name = `${checkpoint.position.phase} ${checkpoint.position.done}`;
        if (wanted.has(name)) {
          stops.push({ name, bytes: writeRunCheckpoint(checkpoint), eventsBefore: events.length });
        }
      }
      expect(stops.map(({ name }) => name)).toEqual([...wanted]);
      for (const { name, bytes, eventsBefore } of stops) {
        const { tensors } = readRunCheckpoint(bytes);
        expect([...readWeights(bytes, 'micro')], 'the weights alone').toEqual([...tensors]);
        expect(() => readWeights(bytes, 'mini'), 'for another policy').toThrow(/the policy needs/);
        const resumed: RunEvent[] = [];
        const threads = stops.findIndex((stop) => stop.name === name) % 2 === 0 ? 1 : 3;
        for await (const tick of run(short, threads, readRunCheckpoint(bytes))) resumed.push(...tick.events);
        expect(resumed, `after ${name}, on ${threads} threads`).toEqual(events.slice(eventsBefore));
      }
    },
  );

  it('goes on when a policy’s cell loops for ever', { timeout: 60_000 }, async () => {
    const looping = [tokenIds.toolCall, ...encodeText('while 1:0'), tokenIds.toolCallEnd];
    const sound = [tokenIds.toolCall, ...encodeText('6*7'), tokenIds.toolCallEnd];
    const answer = [tokenIds.thinkEnd, ...encodeText('42'), tokenIds.imEnd];
    const problem = { id: 'p', family: 'chain', question: '6 a*7 ', start: '6', steps: [], answer: '42' };
    const trajectories = await drain(
      rollOut(new ScriptedEngine((id) => [id === 0 ? looping : sound, sound, answer]), sandbox, 1_000_000, {
        problems: [problem, problem],
        sampling: { temperature: 1, topP: 1 },
        seed: 1,
        context: 200,
        callBudget: 50,
        maxOutputLength: 8,
      }),
    );
    expect(trajectories.map(({ calls }) => calls.map(({ result }) => result.kind))).toEqual([
      ['timeout', 'ok'],
      ['ok', 'ok'],
    ]);
    expect(trajectories.map(({ stop }) => stop)).toEqual(['end', 'end']);
    const [first] = trajectories;
    if (first === undefined) throw new Error('no trajectory');
    expect(decodeTokens(first.tokens)).toContain('while 1:0</tool_call><tool_response>E</tool_response>');
  });
});
