/**
 * The run without a page: the same engine, sandbox and recipe, written into a folder as it goes.
 *
 * Killed at any moment and started again with the same options, it ends with the same metrics as a run that was never stopped, on the
 * same adapter (train.integration.test.ts kills one). Clocks are read here, for rates and provenance, and never handed on.
 */
import { readFileSync } from 'node:fs';
import type { EngineDescription } from '../engine/engine.ts';
import { parameterCount, policyConfig, type NamedTensors } from '../policy/config.ts';
import { CheckpointError } from '../policy/safetensors.ts';
import type { PhaseTrack } from '../record/phases.ts';
import { createNodeSandbox } from '../sandbox/nodeSandbox.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { vocabularySize } from '../tasks/vocabulary.ts';
import type { StartingWeights } from '../train/baseFile.ts';
import { readWeights } from '../train/checkpointFile.ts';
import type { RunTick } from '../train/events.ts';
import { runRecipe } from '../train/run.ts';
import { readBase } from './baseWeights.ts';
import { createHeadlessEngine } from './engine.ts';
import { UsageError, type TrainOptions } from './options.ts';
import type { Progress } from './progress.ts';
import { labVersions, sourceCommit } from './provenance.ts';
import { Recording, type Provenance } from './recording.ts';
import type { RunFolder, SavedPlace } from './runFolder.ts';
import { clock, headline, log } from './runLog.ts';
import { WeightKeeper } from './weightKeeper.ts';

/** Stopped by the user; the folder holds a checkpoint to go on from. */
export class StoppedError extends Error {
  override readonly name = 'StoppedError';
}

/**
 * @param stopping aborted to stop at the next place the run can go on from
 * @throws StoppedError; UsageError, HeadlessEngineError, SandboxUnavailableError and others with a sentence
 */
export async function runHeadless(
  options: TrainOptions,
  folder: RunFolder,
  progress: Progress,
  stopping: AbortSignal,
): Promise<Recording> {
  const { settings } = options;
  const initialTensors = initialWeights(options);
  const start = initialTensors === null ? readBase(settings, options.base) : null;
  folder.claim(settings);
  const place = folder.resume();
  const recording =
    place === null ? Recording.begin(settings) : Recording.continued(settings, place.recording);
  const { engine, description } = await createHeadlessEngine(settings, options.threads, (share) => {
    if (share === 1) progress.say('The kernels are compiled.');
  });
  try {
    const sandbox = await createNodeSandbox({ settings: settings.sandbox });
    try {
      const provenance = provenanceOf(options, description, sandbox, start);
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
        ...startOf(initialTensors ?? start?.tensors ?? null),
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

const startOf = (initialTensors: NamedTensors | null) => (initialTensors === null ? {} : { initialTensors });

/** The weights that `--weights` names; null where it is absent. @throws UsageError */
function initialWeights({ weights, settings }: TrainOptions): NamedTensors | null {
  if (weights === null) return null;
  try {
    return readWeights(readFileSync(weights), settings.policy.preset);
  } catch (error) {
    if (error instanceof CheckpointError) throw new UsageError(`${weights}: ${error.message}`);
    throw new UsageError(`The weights ${weights} cannot be read; --weights takes a .safetensors file.`);
  }
}

function provenanceOf(
  { settings, presetName }: TrainOptions,
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
    parameters: parameterCount(policyConfig(settings.policy.preset, vocabularySize)),
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
      log(this.#folder, event, seconds);
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
    const recording = this.#written();
    this.#folder.saveCheckpoint(await checkpoint(), recording, isLasting);
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
