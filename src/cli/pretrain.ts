/**
 * `npm run base`: makes a base policy and its card, headless, on our engine for processors. (npm would run a script called `pretrain` before
 * every `train`.)
 *
 * The same name and seed make the same weights on the same build of the kernels, whatever the number of threads.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { ThreadError } from '../engine/simd/threads/team.ts';
import type { PolicyEngine } from '../engine/engine.ts';
import { createSimdEngine } from '../engine/simd/simdEngine.ts';
import { writeCheckpoint } from '../policy/checkpoint.ts';
import { baseSizes, type BaseName } from '../policy/baseNames.ts';
import { parameterCount, policyConfig } from '../policy/config.ts';
import { bases, findBase, type BaseDefinition } from '../recipes/bases.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { createNodeSandbox } from '../sandbox/nodeSandbox.ts';
import { thoughtTrajectoryTokens } from '../tasks/families.ts';
import { responseLengthMax } from '../tasks/transcript.ts';
import { tokenIds, vocabularySize } from '../tasks/vocabulary.ts';
import { baseAccuracy, type BaseAccuracy } from '../train/baseAccuracy.ts';
import { baseCardSchema, baseIndexSchema, baseWeightsFile, type BaseCard } from '../train/baseFile.ts';
import { readWeights } from '../train/checkpointFile.ts';
import type { RunSettings } from '../train/settings.ts';
import { pretrain, type Corpus } from '../train/pretrain.ts';
import { baseFolders, readBase } from './baseWeights.ts';
import { countOption, UsageError } from './options.ts';
import { Progress } from './progress.ts';
import { labVersions, sourceCommit } from './provenance.ts';

const usage = `npm run base -- --base mini

  --base     ${bases.map(({ name }) => name).join(', ')}
  --out      the folder of the bases (default public/bases for those that come with the lab, else runs/bases)
  --recount  trains nothing: the accuracy of a base that is there is measured again, for its card
  --threads  default one a core; the weights are the same with any number`;

/** Problems of each length in the card. */
const accuracySize = 128;
/** Of the card's problems; no run uses it. */
const accuracySeed = 20_261_128;
/** Steps between two points of the card's loss curve. */
const lossEvery = 100;

interface Options {
  readonly base: BaseDefinition;
  readonly out: string;
  readonly threads: number;
  readonly recount: boolean;
}

function parseOptions(words: readonly string[]): Options | 'help' {
  let values;
  try {
    ({ values } = parseArgs({
      args: [...words],
      options: {
        base: { type: 'string' },
        out: { type: 'string' },
        recount: { type: 'boolean' },
        threads: { type: 'string' },
        help: { type: 'boolean' },
      },
    }));
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  if (values.help === true) return 'help';
  const base = findBase(values.base ?? '');
  if (base === undefined)
    throw new UsageError(
      `There is no base “${values.base ?? ''}”; take one of ${bases.map(({ name }) => name).join(', ')}.`,
    );
  const out = values.out ?? (base.isShipped ? baseFolders.shipped : baseFolders.studies);
  const threads =
    values.threads === undefined ? availableParallelism() : countOption('threads', values.threads);
  return { base, out, threads, recount: values.recount === true };
}

/** The accuracy on the card of a base that is there, measured again. */
async function recount({ base, out, threads }: Options, progress: Progress): Promise<void> {
  const { settings } = base;
  const start = readBase(startSettings(base.name), out);
  if (start === null) return;
  const card = baseCardSchema.parse(JSON.parse(readFileSync(join(out, `${base.name}.json`), 'utf8')));
  const engine = await createSimdEngine({ config: policyConfig(settings.policy, vocabularySize), threads });
  const sandbox = await createNodeSandbox({ settings: sandboxSettings });
  try {
    await engine.loadTensors(start.tensors);
    const accuracy = written(await measure(engine, sandbox, settings.corpus));
    const bytes = readFileSync(join(out, baseWeightsFile(base.name)));
    save(out, { ...card, accuracy, accuracyFloat32: { byLength: card.accuracyFloat32.byLength } }, bytes);
    progress.say(`The card of ${base.name} is written.`);
  } finally {
    sandbox.dispose();
    engine.dispose();
  }
}

/** Held-out problems of every length that the corpus has, and of two more. */
function measure(engine: PolicyEngine, sandbox: Sandbox, corpus: Corpus): Promise<BaseAccuracy> {
  const lengths = Array.from({ length: corpus.lengths.max + 2 }, (_, i) => i + 1);
  return baseAccuracy(engine, sandbox, corpus, lengths, accuracySize, accuracySeed);
}

const sandboxSettings = { deadlineMs: 250, maxCodeLength: 24, maxOutputLength: responseLengthMax };

async function makeBase({ base, out, threads }: Options, progress: Progress): Promise<void> {
  const { settings } = base;
  const { corpus } = settings;
  const config = policyConfig(settings.policy, vocabularySize);
  const start = base.from === undefined ? null : readBase(startSettings(base.from), null);
  const engine = await createSimdEngine({ config, threads });
  const sandbox = await createNodeSandbox({ settings: sandboxSettings });
  try {
    const started = performance.now();
    const seconds = () => (performance.now() - started) / 1000;
    const curve: { step: number; loss: number }[] = [];
    const total = { tokens: 0, calls: 0, trajectories: 0 };
    let recent: number[] = [];
    for await (const { step, loss, tokens, calls, trajectories } of pretrain(
      engine,
      sandbox,
      settings,
      start?.tensors,
    )) {
      total.tokens += tokens;
      total.calls += calls;
      total.trajectories += trajectories;
      recent.push(loss);
      if (step % lossEvery !== 0 && step !== settings.steps) continue;
      const mean = recent.reduce((sum, one) => sum + one, 0) / recent.length;
      curve.push({ step, loss: Number(mean.toFixed(5)) });
      recent = [];
      progress.say(
        `${step} of ${settings.steps} steps, loss ${mean.toFixed(4)}, ${Math.round(total.tokens / seconds())} tokens/s, ${Math.round(seconds())} s`,
      );
    }
    const trained = seconds();
    const accuracyFloat32 = await measure(engine, sandbox, corpus);
    const bytes = writeCheckpoint(
      { config, tensors: await engine.readTensors(), metadata: { base: base.name } },
      {
        maxPositionEmbeddings: thoughtTrajectoryTokens(corpus.task, corpus.lengths.max, 1),
        bosTokenId: tokenIds.imStart,
        eosTokenId: tokenIds.imEnd,
        padTokenId: tokenIds.pad,
      },
      'F16',
    );
    await engine.loadTensors(readWeights(bytes, settings.policy));
    const { description } = engine;
    const { steps, batchSize, learningRate, warmupSteps, finalRatio, seed } = settings;
    const card: BaseCard = {
      name: base.name,
      title: base.title,
      description: base.description,
      policy: settings.policy,
      parameters: parameterCount(config),
      ...(start === null ? {} : { from: start.base }),
      corpus: { ...corpus, task: { ...corpus.task }, lengths: { ...corpus.lengths } },
      training: { steps, batchSize, learningRate, warmupSteps, finalRatio, seed },
      trajectories: total.trajectories,
      tokens: total.tokens,
      callsPerTrajectory: Number((total.calls / total.trajectories).toFixed(4)),
      loss: curve,
      accuracy: written(await measure(engine, sandbox, corpus)),
      accuracyFloat32: { byLength: written(accuracyFloat32).byLength },
      sha256: createHash('sha256').update(bytes).digest('hex'),
      bytes: bytes.length,
      seconds: Math.round(trained),
      command: `npm run base -- --base ${base.name}`,
      commit: sourceCommit(),
      versions: labVersions(),
      engine: {
        engine: description.engine,
        build: description.build ?? 'plain',
        threads,
        adapter: description.adapter,
      },
    };
    save(out, card, bytes);
    for (const { length, right, of } of card.accuracy.byLength)
      progress.say(`${length} steps: ${right} of ${of} right`);
    progress.say(`${join(out, baseWeightsFile(base.name))}, ${bytes.length} bytes.`);
  } finally {
    sandbox.dispose();
    engine.dispose();
  }
}

/** The settings of a run that begins from that base: what says where it lies. */
function startSettings(name: BaseName): Pick<RunSettings, 'policy'> {
  return { policy: { preset: baseSizes[name], base: name, shape: '' } };
}

function written({ byLength, byOperation }: BaseAccuracy): BaseCard['accuracy'] {
  return {
    byLength: byLength.map((entry) => ({ ...entry, calls: Number(entry.calls.toFixed(3)) })),
    byOperation: { ...byOperation },
  };
}

/** The weights, the card, and the card's line in the list. */
function save(out: string, card: BaseCard, bytes: Uint8Array): void {
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, baseWeightsFile(card.name)), bytes);
  writeFileSync(join(out, `${card.name}.json`), `${JSON.stringify(card, null, 1)}\n`);
  const path = join(out, 'index.json');
  const others = existsSync(path) ? baseIndexSchema.parse(JSON.parse(readFileSync(path, 'utf8'))) : [];
  const { name, title, description, policy, bytes: size, sha256 } = card;
  const order = bases.map((base) => base.name);
  const list = [
    ...others.filter((other) => other.name !== name),
    { name, title, description, policy, bytes: size, sha256 },
  ].sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
  writeFileSync(path, `${JSON.stringify(list, null, 1)}\n`);
}

const progress = new Progress(process.stderr, () => performance.now());
try {
  const options = parseOptions(process.argv.slice(2));
  if (options === 'help') console.log(usage);
  else if (options.recount) await recount(options, progress);
  else await makeBase(options, progress);
  process.exit(0);
} catch (error) {
  const isExpected = error instanceof UsageError || error instanceof ThreadError;
  progress.say(isExpected ? error.message : String(error instanceof Error ? error.stack : error));
  if (error instanceof UsageError) console.error(`\n${usage}`);
  process.exit(1);
}
