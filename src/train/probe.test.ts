/**
 * The probe on a scripted policy whose answers depend on the seed of its rollout, so that a draw taken from training would show.
 */
import { describe, expect, it } from 'vitest';
import { isHeldOut } from '../tasks/problems.ts';
import { encodeText, tokenIds } from '../tasks/vocabulary.ts';
import type { RunEvent } from './events.ts';
import { heldOutProbe } from './probe.ts';
import { runRecipe } from './run.ts';
import { defaultSettings, type RunSettings } from './settings.ts';
import { ArithmeticSandbox } from './testing/arithmeticSandbox.ts';
import { ScriptedEngine } from './testing/scriptedEngine.ts';
import { drain } from './ticks.ts';

const settings: RunSettings = {
  ...defaultSettings,
  task: { ...defaultSettings.task, trainProblems: 12 },
  teacher: { ...defaultSettings.teacher, trajectories: 40 },
  sft: { ...defaultSettings.sft, epochs: 1, batchSize: 8, probes: 2 },
  grpo: { ...defaultSettings.grpo, groupSize: 4, promptsPerStep: 12 },
  stage1: { ...defaultSettings.stage1, steps: 3 },
  stage2: { ...defaultSettings.stage2, steps: 2 },
  evaluation: { ...defaultSettings.evaluation, problems: 2, samples: 1 },
  probe: { problems: 4 },
};

const bySeed = () =>
  new ScriptedEngine((id, _, seed) => {
    const call = [tokenIds.toolCall, ...encodeText(`${seed % 97}+${id}`), tokenIds.toolCallEnd];
    return [call, [tokenIds.thinkEnd, ...encodeText(String((seed + id) % 50)), tokenIds.imEnd]];
  });

async function eventsOf(overrides: Partial<RunSettings> = {}): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  const run = runRecipe({
    engine: bySeed(),
    sandbox: new ArithmeticSandbox(),
    settings: { ...settings, ...overrides },
  });
  await drain(run, (tick) => events.push(...tick.events));
  return events;
}

const probesOf = (events: readonly RunEvent[]) =>
  events.filter((event): event is Extract<RunEvent, { type: 'probe' }> => event.type === 'probe');

describe('the probe', () => {
  it('changes no other event of a run', async () => {
    const [without, with4] = [await eventsOf({ probe: { problems: 0 } }), await eventsOf()];
    expect(probesOf(without)).toEqual([]);
    expect(with4.filter(({ type }) => type !== 'probe')).toEqual(without);
  });

  it('is asked after the cold start and after every round, always the same held-out problems with the same draws', async () => {
    const probes = probesOf(await eventsOf());
    expect(probes.map(({ phase, round }) => [phase, round])).toEqual([
      ['sft', 2],
      ['stage1', 3],
      ['stage1', 4],
      ['stage1', 5],
      ['stage2', 6],
      ['stage2', 7],
    ]);
    const problems = heldOutProbe(settings);
    expect(problems).toHaveLength(4);
    for (const { question, steps } of problems) {
      expect(isHeldOut(question)).toBe(true);
      expect(steps.length).toBeGreaterThanOrEqual(settings.stage1.minLength);
      expect(steps.length).toBeLessThanOrEqual(settings.stage1.maxLength);
    }
    for (const { trajectories } of probes) {
      expect(trajectories.map(({ problem }) => problem)).toEqual(problems);
      // This policy never changes, so its answers do not either.
      expect(trajectories).toEqual(probes[0]?.trajectories);
    }
  });

  it('is asked before the first round where there is no cold start', async () => {
    const probes = probesOf(await eventsOf({ sft: { ...settings.sft, epochs: 0 } }));
    expect(probes[0]).toMatchObject({ phase: 'sft', round: 0 });
    expect(probes).toHaveLength(6);
  });

  it('asks another seed something else', () => {
    expect(heldOutProbe({ ...settings, run: { ...settings.run, seed: 2 } })).not.toEqual(
      heldOutProbe(settings),
    );
  });
});
