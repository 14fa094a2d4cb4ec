/**
 * The run without a page: the same engine, sandbox and recipe, written into a folder as it goes.
 *
 * Invariant: killed at any moment and started again with the same options, it ends with the same metrics as a run that was
 * never stopped (on the same adapter); a test kills one. Clocks are read here, for rates and provenance, and never handed on.
 */
import { readFileSync } from 'node:fs';
import { parameterCount, policyConfig } from '../policy/config.ts';
import { createNodeSandbox } from '../sandbox/nodeWorker.ts';
import { vocabularySize } from '../tasks/vocabulary.ts';
import { readWeights } from '../train/checkpointFile.ts';
import type { RunTick } from '../train/events.ts';
import { runRecipe } from '../train/run.ts';
import { createHeadlessEngine } from './engine.ts';
import type { TrainOptions } from './options.ts';
import type { Progress } from './progress.ts';
import { labVersions, sourceCommit } from './provenance.ts';
import { Recording, type Provenance } from './recording.ts';
import type { RunFolder } from './runFolder.ts';
import { clock, headline, log } from './runLog.ts';

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
    origin: {
      versions: labVersions(),
      userAgent: `Node ${process.version}`,
      commit: sourceCommit() ?? undefined,
    },
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
      ...(place === null ? {} : { from: place.checkpoint }),
      ...(options.weights === null
        ? {}
        : { initialTensors: readWeights(readFileSync(options.weights), settings.policy.preset) }),
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
      progress.show(active, tokens / Math.max(0.001, seconds() - recording.earlierSeconds));
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
