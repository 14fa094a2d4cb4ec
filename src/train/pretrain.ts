/**
 * Pretraining: a base policy that works problems out in its head, for cold starts to begin from (the design, "A base").
 *
 * The paper's policies begin from a pretrained model that can think; ours learns it here, on the scripted expert's thoughts. The corpus is
 * data: lengths, values, how many trajectories mix steps by tool in, how many check an answer afterwards.
 *
 * Invariants. (1) A batch holds chains of one length, and its problems depend only on the settings and the step's number, so the same
 * settings on the same engine give the same weights. (2) Every call was really run. (3) No held-out question is ever drawn.
 * One length a batch and small batches are what let a small policy learn to copy (RESULTS.md).
 */
import type { OptimizerSettings, PolicyEngine } from '../engine/engine.ts';
import type { NamedTensors, PolicyPresetName } from '../policy/config.ts';
import { initialiseTensors } from '../policy/initialise.ts';
import { Random } from '../random/random.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { problemFamily, type TaskSettings } from '../tasks/families.ts';
import { trainProblem, type LengthRange } from '../tasks/problems.ts';
import { planCode, planTrajectory, type TeacherPlan, type TeacherSettings } from '../tasks/teacher.ts';
import type { Trajectory } from '../tasks/trajectory.ts';
import { responseLengthMax, transcribePlan } from '../tasks/transcript.ts';
import { itemAt } from './lists.ts';
import { warmupCosine } from './schedule.ts';
import { tokenCount } from './ticks.ts';

/** What a base reads, as data. */
export interface Corpus {
  readonly task: TaskSettings;
  /** Steps of its chains, drawn alike. */
  readonly lengths: LengthRange;
  /** Share of its trajectories that take some steps by tool. */
  readonly mixedShare: number;
  /** Shares of the steps that those take by tool, one drawn a trajectory (`TeacherSettings.denseShares`). */
  readonly mixedToolShares: string;
  /** Share of the others that check once, after the last step; half of the checks repeat that step, half only print the answer. */
  readonly checkShare: number;
}

export interface PretrainSettings {
  readonly policy: PolicyPresetName;
  readonly corpus: Corpus;
  /** Optimizer steps. */
  readonly steps: number;
  /** Trajectories a step; of chains shorter than seven steps there are more, about as many tokens. */
  readonly batchSize: number;
  readonly learningRate: number;
  readonly warmupSteps: number;
  readonly finalRatio: number;
  readonly optimizer: Omit<OptimizerSettings, 'learningRate'>;
  readonly seed: number;
}

export interface PretrainStep {
  /** Steps behind. */
  readonly step: number;
  readonly loss: number; // nats per token, before the step
  readonly tokens: number; // of the batch, prompts and tool output included
  readonly calls: number; // of the batch
  readonly trajectories: number;
}

/** Chains of this length and longer come in batches of `batchSize`. */
const fullLength = 6;

/** Steps whose calls go to Python together, while the engine works on those before. */
const sliceSize = 32;

/** Room for the problem numbers of a step; a batch of the shortest chains stays below. */
const problemsPerStep = 1024;

/** Trajectories of a step whose chains have `length` steps. */
export function batchOfLength(batchSize: number, length: number): number {
  return Math.max(batchSize, Math.round((batchSize * (fullLength + 1)) / (length + 1)));
}

/**
 * To a base, which the engine holds in the end. Yields after every optimizer step.
 * @param from the weights to go on from; freshly drawn where absent
 */
export async function* pretrain(
  engine: PolicyEngine,
  sandbox: Sandbox,
  settings: PretrainSettings,
  from?: NamedTensors,
): AsyncGenerator<PretrainStep, void, void> {
  const random = new Random(settings.seed);
  await engine.loadTensors(from ?? initialiseTensors(engine.config, random.fork('weights')));
  engine.resetOptimizer();
  let ahead = corpusSlice(sandbox, settings, 0);
  for (let first = 0; first < settings.steps; first += sliceSize) {
    const batches = await ahead;
    ahead = corpusSlice(sandbox, settings, first + sliceSize);
    ahead.catch(() => undefined); // told when it is waited for
    for (const [i, sequences] of batches.entries()) {
      const learningRate = warmupCosine(
        first + i,
        settings.steps,
        settings.learningRate,
        settings.warmupSteps,
        settings.finalRatio,
      );
      const { loss } = await engine.step({ kind: 'sft', sequences }, { ...settings.optimizer, learningRate });
      yield {
        step: first + i + 1,
        loss,
        tokens: tokenCount(sequences),
        calls: sequences.reduce((total, { calls }) => total + calls.length, 0),
        trajectories: sequences.length,
      };
    }
  }
}

/** The batches of the steps from `first` on, their calls run as one batch. // [steps][trajectories] */
async function corpusSlice(
  sandbox: Sandbox,
  settings: PretrainSettings,
  first: number,
): Promise<Trajectory[][]> {
  const steps = Math.max(0, Math.min(sliceSize, settings.steps - first));
  const plans = Array.from({ length: steps }, (_, i) => batchPlans(settings, first + i));
  const codes = plans.flat().map(planCode);
  const cells = codes.flatMap((own, i) =>
    own.map((code) => ({ trajectory: first * problemsPerStep + i, code })),
  );
  const results = cells.length > 0 ? await sandbox.run(cells) : [];
  sandbox.release(codes.map((_, i) => first * problemsPerStep + i));
  let next = 0;
  return plans.map((batch) =>
    batch.map((plan) => {
      const own = planCode(plan).map(() => itemAt(results, next++));
      return transcribePlan(plan, own, responseLengthMax);
    }),
  );
}

/** What the expert writes in step `step`: chains of one length. */
export function batchPlans(settings: PretrainSettings, step: number): TeacherPlan[] {
  const { corpus, seed, batchSize } = settings;
  const random = new Random(seed).fork('corpus', step);
  const length = random.integer(corpus.lengths.min, corpus.lengths.max);
  const family = problemFamily(corpus.task);
  return Array.from({ length: batchOfLength(batchSize, length) }, (_, i) => {
    const index = step * problemsPerStep + i;
    const problem = trainProblem(corpus.task, { min: length, max: length }, 'base', seed, index);
    const isMixed = random.uniform() < corpus.mixedShare;
    const checks = random.uniform() < corpus.checkShare ? 1 : 0;
    const checkKind = random.uniform() < 0.5 ? 'step' : 'answer';
    const expert: TeacherSettings = {
      denseWeight: 1,
      sparseWeight: 1,
      naturalWeight: 0,
      selectiveWeight: 0,
      denseShares: corpus.mixedToolShares,
      checksMin: checks,
      checksMax: checks,
      checkKind,
      slipRate: 0,
      badCallRate: 0,
    };
    return planTrajectory(problem, family, isMixed ? 'dense' : 'sparse', expert, random);
  });
}
