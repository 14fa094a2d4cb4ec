/**
 * The run without a page: the same engine, sandbox and recipe, written into a folder as it goes.
 *
 * Invariant: killed at any moment and started again with the same options, it ends with the same metrics as a run that was
 * never stopped (on the same adapter); a test kills one. Clocks are read here, for rates and provenance, and never handed on.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { oneGroup } from '../lab/reduce.ts';
import { readCheckpoint } from '../policy/checkpoint.ts';
import { parameterCount, policyConfig } from '../policy/config.ts';
import { createNodeSandbox } from '../sandbox/nodeWorker.ts';
import { decodeTokens, vocabularySize } from '../tasks/vocabulary.ts';
import type { RunEvent, RunTick } from '../train/events.ts';
import { runRecipe } from '../train/run.ts';
import { createHeadlessEngine } from './engine.ts';
import type { TrainOptions } from './options.ts';
import type { Progress } from './progress.ts';
import { Recording, type Provenance } from './recording.ts';
import type { RunFolder } from './runFolder.ts';

/** Stopped by the user; the folder holds a checkpoint to go on from. */
export class StoppedError extends Error {
  override readonly name = 'StoppedError';
}

/**
 * @param stopping aborted to stop at the next place the run can go on from
 * @throws StoppedError; HeadlessEngineError, SandboxUnavailableError and others with a sentence
 */
export async function runHeadless(
  options: TrainOptions,
  folder: RunFolder,
  progress: Progress,
  stopping: AbortSignal,
): Promise<Recording> {
  const { settings, presetName } = options;
  folder.claim(settings);
  const place = folder.resume();
  const recording =
    place === null ? Recording.begin(settings) : Recording.continued(settings, place.recording);
  const engine = await createHeadlessEngine(settings, (share) => {
    if (share === 1) progress.say('The kernels are compiled.');
  });
  const sandbox = await createNodeSandbox({ settings: settings.sandbox });
  const provenance: Provenance = {
    origin: { versions: versions(), userAgent: `Node ${process.version}`, commit: commit() ?? undefined },
    settings,
    presetName,
    engine: engine.description,
    sandbox: sandbox.version,
    parameters: parameterCount(policyConfig(settings.policy.preset, vocabularySize)),
  };
  folder.writeConfig({ ...provenance, startedAt: new Date().toISOString() });
  progress.say(`${engine.description.engine} on ${engine.description.adapter}; ${sandbox.version}`);
  if (place !== null) {
    const { phase, done } = place.checkpoint.position;
    progress.say(`Going on after ${done} of ${phase}, round ${place.checkpoint.position.round}.`);
  }
  const started = performance.now();
  const seconds = () => recording.earlierSeconds + (performance.now() - started) / 1000;
  let tokens = 0;
  let savedAt = seconds();
  const save = async (take: NonNullable<RunTick['checkpoint']>, isLasting: boolean) => {
    const text = recording.write(provenance, new Date().toISOString(), seconds(), tokens);
    folder.saveCheckpoint(await take(), text, isLasting);
    savedAt = seconds();
  };
  try {
    const work = runRecipe({
      engine,
      sandbox,
      settings,
      createReferenceEngine: () => createHeadlessEngine(settings, () => undefined),
      ...(place === null ? {} : { from: place.checkpoint }),
      ...(options.weights === null
        ? {}
        : { initialTensors: readCheckpoint(readFileSync(options.weights)).tensors }),
    });
    for await (const tick of work) {
      tokens += tick.tokens;
      for (const event of tick.events) {
        recording.add(event, seconds());
        log(folder, event, seconds());
        const line = headline(event);
        if (line !== null) progress.say(`${clock(seconds())}  ${line}`);
      }
      const active = recording.view.phases.findLast(({ status }) => status === 'active');
      progress.show(active, tokens / Math.max(0.001, seconds() - recording.earlierSeconds), '');
      if (tick.checkpoint === undefined) continue;
      const isLasting = active !== undefined && active.done >= active.total && active.name !== 'evaluation';
      if (isLasting || stopping.aborted || seconds() - savedAt >= options.checkpointEvery) {
        await save(tick.checkpoint, isLasting);
      }
      if (stopping.aborted) throw new StoppedError('Stopped; the same command goes on from here.');
    }
  } finally {
    sandbox.dispose();
    engine.dispose();
  }
  folder.writeRun(recording.write(provenance, new Date().toISOString(), seconds(), tokens));
  return recording;
}

/** Measurements go to metrics.jsonl; of the rollouts one group a round to trajectories.jsonl, to be read. */
function log(folder: RunFolder, event: RunEvent, seconds: number): void {
  const at = Math.round(seconds * 100) / 100;
  switch (event.type) {
    case 'progress':
      return;
    case 'trajectories':
      for (const { tokens, calls, ...rest } of oneGroup(event)) {
        const { problem, reward, advantage, prompt, sample, stop } = rest;
        folder.append('trajectories.jsonl', {
          phase: event.phase,
          round: event.round,
          prompt,
          sample,
          reward,
          advantage,
          calls: calls.length,
          stop,
          answer: problem.answer,
          text: decodeTokens(tokens),
        });
      }
      return;
    case 'curation': {
      const { pool, kept, dropped, poolHistogram, soundHistogram, keptHistogram } = event.report;
      const report = { pool, kept, dropped, poolHistogram, soundHistogram, keptHistogram };
      folder.append('metrics.jsonl', { seconds: at, type: event.type, report });
      return;
    }
    case 'phase':
    case 'sft':
    case 'round':
    case 'promptFilter':
    case 'benchmark':
    case 'collapseReference':
    case 'collapsed':
    case 'done':
      folder.append('metrics.jsonl', { seconds: at, ...event });
      return;
  }
}

/** What deserves a line of its own on the terminal. */
function headline(event: RunEvent): string | null {
  switch (event.type) {
    case 'phase':
      return `${event.phase}: ${event.total} ${event.unit}`;
    case 'round': {
      const { values } = event;
      const calls = values['tool_use/avg_tool_calls_per_trajectory'] ?? 0;
      const entropy = values['actor/entropy'];
      return (
        `${event.phase} ${event.step}: ${calls.toFixed(2)} calls, ${percent(values['critic/score/mean'])} right, ` +
        `${percent(values['response_length/clip_ratio'])} cut off${entropy === undefined ? '' : `, entropy ${entropy.toFixed(3)}`}`
      );
    }
    case 'benchmark': {
      const { benchmark, budget, meanAtK, passAtK, k, toolCalls } = event.result;
      return `${benchmark}, ${budget} budget: mean@${k} ${percent(meanAtK)}, pass@${k} ${percent(passAtK)}, ${toolCalls.toFixed(2)} calls`;
    }
    case 'collapsed':
      return `collapse alarm: ${event.density.toFixed(2)} calls per trajectory`;
    case 'sft':
    case 'progress':
    case 'trajectories':
    case 'curation':
    case 'promptFilter':
    case 'collapseReference':
    case 'done':
      return null;
  }
}

const percent = (share: number | undefined) => `${(100 * (share ?? 0)).toFixed(1)}%`;

function clock(seconds: number): string {
  const whole = Math.round(seconds);
  return `${String(Math.floor(whole / 60)).padStart(3)}:${String(whole % 60).padStart(2, '0')}`;
}

function versions(): Record<string, string> {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { version, dependencies } = JSON.parse(text) as {
    version: string;
    dependencies: Record<string, string>;
  };
  return { 'aster-lab': version, pyodide: dependencies['pyodide'] ?? '' };
}

/** The commit of the sources, where they lie in a git checkout. */
function commit(): string | null {
  try {
    return execFileSync('git', ['rev-parse', 'HEAD'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return null;
  }
}
