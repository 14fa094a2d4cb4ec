/**
 * Which engine runs in the page: the setting, what the browser offers, and a sentence that says why.
 *
 * A graphics card takes our kernels in WebGPU; where there is none, or one that the processor imitates, our kernels for processors run;
 * TensorFlow.js runs where neither can. Who asks for an engine by name gets it where it can start at all. An engine's device is opened
 * before it is named, at the probe as at the start, so the page never promises what does not run; and an engine is loaded only
 * when it is tried.
 */
import { firstThatRuns, insistOnGpu, withRefusals, type ChosenEngine } from '../engine/choice.ts';
import type { EngineDescription, MemoryPart, PolicyEngine } from '../engine/engine.ts';
import type { TfjsBackendName } from '../engine/tfjs/backend.ts';
import type { WgslEngine } from '../engine/wgsl/wgslEngine.ts';
import { policyConfig, type PolicyConfig } from '../policy/config.ts';
import { vocabularySize } from '../tasks/vocabulary.ts';
import { runPolicy } from '../train/runPolicy.ts';
import { longestContext, type RunSettings } from '../train/settings.ts';

type Backend = RunSettings['run']['backend'];
export type CompileReport = (message: string, share: number) => void;

/** How TensorFlow.js is started. */
export interface TfjsOptions {
  /** In order of preference; the first that starts is taken. */
  readonly preferredBackends: readonly TfjsBackendName[];
  readonly acceptSoftwareAdapter: boolean;
  /** URL of the folder with its .wasm files. */
  readonly wasmPath: string;
}

/** The engines of this browser, each loaded when it is asked for. */
export interface Engines {
  describeWgsl(): Promise<EngineDescription>;
  createWgsl(config: PolicyConfig, onCompile: (share: number) => void): Promise<PolicyEngine>;
  createSimd(config: PolicyConfig): Promise<PolicyEngine>;
  describeTfjs(options: TfjsOptions): Promise<EngineDescription>;
  createTfjs(config: PolicyConfig, options: TfjsOptions): Promise<PolicyEngine>;
}

const browserEngines: Engines = {
  async describeWgsl() {
    const { describeWgslEngine } = await import('../engine/wgsl/device/describe.ts');
    return describeWgslEngine();
  },
  async createWgsl(config, onCompile) {
    const { createWgslEngine } = await import('../engine/wgsl/wgslEngine.ts');
    return createWgslEngine({
      config,
      onProgress: ({ compiled, total }) => onCompile(compiled / Math.max(1, total)),
    });
  },
  async createSimd(config) {
    const { createSimdEngine } = await import('../engine/simd/simdEngine.ts');
    return createSimdEngine({ config, threads: threadsFor(navigator.hardwareConcurrency) });
  },
  async describeTfjs(options) {
    const { startBackend } = await import('../engine/tfjs/backend.ts');
    return (await startBackend(options)).description;
  },
  async createTfjs(config, options) {
    const { createTfjsEngine } = await import('../engine/tfjs/tfjsEngine.ts');
    return createTfjsEngine({ config, ...options });
  },
};

/**
 * Threads for the engine, the trainer’s own counted: one processor is left for the page where there are three or more, and the rest is
 * divided by the runs that share it, at least one for each. One where nothing is known.
 */
export function threadsFor(processors: number, sharedBy = 1): number {
  const threads = processors > 2 ? processors - 1 : processors === 2 ? 2 : 1;
  return Math.max(1, Math.floor(threads / sharedBy));
}

/**
 * Give an engine its part of the machine, now that so many runs share it; it may be any time, and takes effect between two of its calls.
 * @returns the engine as it is then
 */
export async function shareMachine(
  engine: PolicyEngine,
  sharedBy: number,
  processors = navigator.hardwareConcurrency,
): Promise<Pick<EngineDescription, 'adapter' | 'threads' | 'reason'>> {
  await engine.useThreads?.(threadsFor(processors, sharedBy));
  const { adapter, threads, reason } = engine.description;
  return { adapter, reason, ...(threads === undefined ? {} : { threads }) };
}

/** What would run, found out by starting it (the policy as small as can be) and closing it again. */
export async function describeEngine(
  backend: Backend,
  baseUrl: string,
  engines: Engines = browserEngines,
): Promise<EngineDescription> {
  const config = policyConfig('micro', vocabularySize);
  const simd = async () => {
    const engine = await engines.createSimd(config);
    engine.dispose();
    return engine.description;
  };
  const wgsl = () => engines.describeWgsl();
  const gpu = async () => {
    const description = await wgsl();
    insistOnGpu(description);
    return description;
  };
  const tfjs = () => engines.describeTfjs(tfjsOptions(backend, baseUrl));
  const { chosen, refusals } = await firstThatRuns(inOrder(backend, { gpu, wgsl, simd, tfjs }));
  return withRefusals(chosen, refusals);
}

/** Start the engine of a run. */
export async function createEngine(
  { run, policy }: RunSettings,
  { baseUrl, sharedBy }: { readonly baseUrl: string; readonly sharedBy: number },
  onCompile: CompileReport,
  engines: Engines = browserEngines,
): Promise<ChosenEngine> {
  const config = runPolicy(policy);
  const wgsl = () => engines.createWgsl(config, (share) => onCompile('Compiling the kernels', share));
  const gpu = async () => {
    insistOnGpu(await engines.describeWgsl());
    return wgsl();
  };
  const simd = async () => {
    const engine = await engines.createSimd(config);
    if (sharedBy > 1) await shareMachine(engine, sharedBy);
    return engine;
  };
  const tfjs = () => engines.createTfjs(config, tfjsOptions(run.backend, baseUrl));
  const { chosen, refusals } = await firstThatRuns(inOrder(run.backend, { gpu, wgsl, simd, tfjs }));
  return { engine: chosen, description: withRefusals(chosen.description, refusals) };
}

/** `gpu` is `wgsl` on a graphics card and nothing less. */
type Attempts<T> = Readonly<Record<'gpu' | 'wgsl' | 'simd' | 'tfjs', () => Promise<T>>>;

function inOrder<T>(backend: Backend, { gpu, wgsl, simd, tfjs }: Attempts<T>): (() => Promise<T>)[] {
  switch (backend) {
    case 'auto':
      return [gpu, simd, tfjs];
    case 'wgsl':
      return [wgsl, simd, tfjs];
    case 'simd':
      return [simd, tfjs];
    case 'webgpu':
    case 'wasm':
    case 'webgl':
    case 'cpu':
      return [tfjs];
  }
}

function tfjsOptions(backend: Backend, baseUrl: string): TfjsOptions {
  const isNamed = backend !== 'auto' && backend !== 'wgsl' && backend !== 'simd';
  // Where our own kernels found no graphics card, TensorFlow.js finds none either.
  const order: readonly TfjsBackendName[] = isNamed
    ? ['webgpu', 'wasm', 'webgl', 'cpu']
    : ['wasm', 'webgl', 'cpu'];
  return {
    preferredBackends: isNamed ? [backend, ...order.filter((other) => other !== backend)] : order,
    acceptSoftwareAdapter: isNamed,
    wasmPath: new URL('tfjs-wasm/', baseUrl).href,
  };
}

/**
 * What an engine plans to hold in graphics memory for a run at its largest: every sequence as long as its context allows. Undefined
 * where it has no plan. Throws a sentence where the adapter cannot hold it.
 */
export function planMemory(engine: PolicyEngine, settings: RunSettings): readonly MemoryPart[] | undefined {
  if (!hasMemoryPlan(engine)) return undefined;
  const { sft, grpo, stage1, stage2, evaluation } = settings;
  const sampled = grpo.promptsPerStep * grpo.groupSize;
  const learned = Math.ceil(grpo.promptsPerStep / grpo.miniBatches) * grpo.groupSize;
  const { parameters, training, rollout, snapshot } = engine.memory({
    context: longestContext(settings),
    rows: Math.max(sft.batchSize, learned) * Math.max(stage1.context, stage2.context),
    slots: Math.max(sampled, evaluation.problems * evaluation.samples),
  });
  return [
    { name: 'Weights and optimizer', bytes: parameters },
    { name: 'Training', bytes: training },
    { name: 'Rollouts, with the KV cache', bytes: rollout },
    ...(grpo.klCoefficient > 0 ? [{ name: 'KL reference', bytes: snapshot }] : []),
  ];
}

const hasMemoryPlan = (engine: PolicyEngine): engine is WgslEngine => engine.description.engine === 'wgsl';
