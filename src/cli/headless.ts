/**
 * The run without a page: the same engine, sandbox and recipe, written into a folder as it goes.
 *
 * Killed at any moment and started again with the same options, it ends with the same metrics as a run that was never stopped, on the
 * same adapter (train.integration.test.ts kills one). Clocks are read here, for rates and provenance, and never handed on.
 */
import type { EngineDescription } from '../engine/engine.ts';
import { policySettings } from '../export/readModel.ts';
import { parameterCount } from '../policy/config.ts';
import type { PhaseTrack } from '../record/phases.ts';
import { createNodeSandbox } from '../sandbox/nodeSandbox.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import type { StartingWeights } from '../train/baseFile.ts';
import type { RunTick } from '../train/events.ts';
import { runRecipe } from '../train/run.ts';
import { runPolicy } from '../train/runPolicy.ts';
import type { RunSettings } from '../train/settings.ts';
import { readBase } from './baseWeights.ts';
import { createHeadlessEngine } from './engine.ts';
import { readModelPath } from './modelFiles.ts';
import type { TrainOptions } from './options.ts';
import type { Progress } from './progress.ts';
import { labVersions, sourceCommit } from './provenance.ts';
import { Recording, type Provenance } from './recording.ts';
import { lockRun } from './runLock.ts';
import type { RunFolder, SavedPlace } from './runFolder.ts';
import { clock, headline, logTrajectories } from './runLog.ts';
import { CurveLog } from './curveLog.ts';
import { WeightKeeper } from './weightKeeper.ts';

/** Stopped by the user; the folder holds a checkpoint to go on from. */
export class StoppedError extends Error {
  override readonly name = 'StoppedError';
}

/**
 * @param stopping aborted to stop at the next place the run can go on from
 * @throws StoppedError; UsageError, DiskError, HeadlessEngineError, SandboxUnavailableError and others with a sentence
 */
export async function runHeadless(
  options: TrainOptions,
  folder: RunFolder,
  progress: Progress,
  stopping: AbortSignal,
  createSandbox: CreateSandbox = createNodeSandbox,
): Promise<Recording> {
  const { settings, start } = startOf(options);
  const said = folder.claim(settings);
  const lock = lockRun(folder.path);
  try {
    for (const sentence of [lock.said, said]) if (sentence !== null) progress.say(sentence);
    const { place, said: damage } = folder.resume(settings);
    for (const sentence of damage) progress.say(sentence);
    return await runFrom(place, options, folder, progress, stopping, { settings, start, createSandbox });
  } finally {
    lock.release();
  }
}

/** Where calls run: Python in a worker, but for tests. */
export type CreateSandbox = (options: Parameters<typeof createNodeSandbox>[0]) => Promise<Sandbox>;

interface Beginning {
  readonly settings: RunSettings;
  readonly start: StartingWeights | null;
  readonly createSandbox: CreateSandbox;
}

async function runFrom(
  place: SavedPlace | null,
  options: TrainOptions,
  folder: RunFolder,
  progress: Progress,
  stopping: AbortSignal,
  { settings, start, createSandbox }: Beginning,
): Promise<Recording> {
  const recording =
    place === null ? Recording.begin(settings) : Recording.continued(settings, place.recording);
  const { engine, description } = await createHeadlessEngine(settings, options.threads, (share) => {
    if (share === 1) progress.say('The kernels are compiled.');
  });
  try {
    const sandbox = await createSandbox({ settings: settings.sandbox });
    try {
      const provenance = provenanceOf(settings, options.presetName, description, sandbox, start);
      folder.writeConfig({ ...provenance, startedAt: new Date().toISOString() });
      sayWhatRuns(progress, description, sandbox, place);
      const keeper = new WeightKeeper(engine, settings, folder, options.keepWeights, recording.view);
      const written = new WrittenRun(
        folder,
        progress,
        provenance,
        recording,
        keeper,
        options.checkpointEvery,
      );
      const ticks = runRecipe({
        engine,
        sandbox,
        settings,
        ...(place === null ? {} : { from: place.checkpoint }),
        ...(start === null ? {} : { initialTensors: start.tensors }),
      });
      for await (const tick of ticks) {
        written.take(tick);
        await keeper.take(tick);
        await written.saveWhenDue(tick, stopping.aborted);
        if (stopping.aborted && tick.checkpoint !== undefined)
          throw new StoppedError('Stopped; the same command goes on from here.');
      }
      return written.finish();
    } finally {
      sandbox.dispose();
    }
  } finally {
    engine.dispose();
  }
}

/**
 * The weights that a run begins with, and its settings: weights from elsewhere bring their own shape along.
 * @throws UsageError
 */
function startOf({ weights, base, settings }: TrainOptions): {
  readonly settings: RunSettings;
  readonly start: StartingWeights | null;
} {
  if (weights === null) return { settings, start: readBase(settings, base) };
  const model = readModelPath(weights);
  const policy = policySettings(model, settings.policy);
  return { settings: { ...settings, policy }, start: { tensors: model.tensors, base: model.origin } };
}

function provenanceOf(
  settings: RunSettings,
  presetName: string,
  engine: EngineDescription,
  sandbox: Sandbox,
  start: StartingWeights | null,
): Provenance {
  return {
    origin: {
      versions: labVersions(),
      userAgent: `Node ${process.version}`,
      commit: sourceCommit() ?? undefined,
    },
    settings,
    presetName,
    ...(start === null ? {} : { base: start.base }),
    engine,
    sandbox: sandbox.version,
    parameters: parameterCount(runPolicy(settings.policy)),
  };
}

function sayWhatRuns(
  progress: Progress,
  engine: EngineDescription,
  sandbox: Sandbox,
  place: SavedPlace | null,
): void {
  progress.say(`${engine.engine} on ${engine.adapter}; ${sandbox.version}. ${engine.reason}`);
  if (place === null) return;
  const { phase, done, round } = place.checkpoint.position;
  progress.say(`Going on after ${done} of ${phase}, round ${round}.`);
}

/** A run as its folder and the terminal see it: what was measured, the time it took, and when it was last saved. */
class WrittenRun {
  readonly #folder: RunFolder;
  readonly #progress: Progress;
  readonly #provenance: Provenance;
  readonly #recording: Recording;
  readonly #keeper: WeightKeeper;
  readonly #curves: CurveLog;
  readonly #checkpointEvery: number; // seconds
  readonly #started = performance.now();
  /** Tokens of this session. */
  #tokens = 0;
  #savedAt: number;

  constructor(
    folder: RunFolder,
    progress: Progress,
    provenance: Provenance,
    recording: Recording,
    keeper: WeightKeeper,
    checkpointEvery: number,
  ) {
    this.#folder = folder;
    this.#progress = progress;
    this.#provenance = provenance;
    this.#recording = recording;
    this.#keeper = keeper;
    this.#curves = new CurveLog(folder, provenance.settings, recording.view.phases);
    this.#checkpointEvery = checkpointEvery;
    this.#savedAt = this.#seconds();
  }

  /** Of run time, earlier sessions included. */
  #seconds(): number {
    return this.#recording.earlierSeconds + (performance.now() - this.#started) / 1000;
  }

  take({ events, tokens }: RunTick): void {
    this.#tokens += tokens;
    for (const event of events) {
      const seconds = this.#seconds();
      this.#recording.add(event, seconds);
      this.#curves.add(event, seconds);
      logTrajectories(this.#folder, event);
      const line = headline(event);
      if (line !== null) this.#progress.say(`${clock(seconds)}  ${line}`);
    }
    const session = this.#seconds() - this.#recording.earlierSeconds;
    this.#progress.show(this.#activePhase(), this.#tokens / Math.max(0.001, session));
  }

  /** Save where the tick is one to go on from, and a phase has ended, the last checkpoint is old, or the user stops. */
  async saveWhenDue({ checkpoint }: RunTick, isStopping: boolean): Promise<void> {
    if (checkpoint === undefined) return;
    const active = this.#activePhase();
    const isLasting = active !== undefined && active.done >= active.total && active.name !== 'evaluation';
    const isOld = this.#seconds() - this.#savedAt >= this.#checkpointEvery;
    if (!isLasting && !isOld && !isStopping) return;
    // The recording first: it is of this moment, and taking a checkpoint waits for the engine.
    const [recording, mark] = [this.#written(), this.#curves.mark(this.#seconds())];
    this.#folder.saveCheckpoint(await checkpoint(), recording, isLasting, mark);
    this.#savedAt = this.#seconds();
  }

  finish(): Recording {
    this.#folder.writeRun(this.#written());
    return this.#recording;
  }

  #activePhase(): PhaseTrack | undefined {
    return this.#recording.view.phases.findLast(({ status }) => status === 'active');
  }

  #written(): string {
    return this.#recording.write(
      this.#provenance,
      new Date().toISOString(),
      this.#seconds(),
      this.#tokens,
      this.#keeper.kept,
    );
  }
}
