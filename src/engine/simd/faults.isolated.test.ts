/** Faults become sentences: no SIMD, no memory, a thread that dies, an engine that is gone. */
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { policyConfig } from '../../policy/config.ts';
import { initialiseTensors } from '../../policy/initialise.ts';
import { Random } from '../../random/random.ts';
import { parameterLayout } from '../layout/parameterLayout.ts';
import { bestBuild, kernelModule, type KernelModule } from './kernelModule.ts';
import { Kernels } from './kernels.ts';
import { SimdModel } from './model/simdModel.ts';
import { createSimdEngine, SimdMemoryError, SimdUnavailableError } from './simdEngine.ts';
import { COMPILING_MS } from './testing/openKernels.ts';
import type * as Spawning from './threads/spawn.ts';
import { spawn, type Thread } from './threads/spawn.ts';
import { Team, ThreadError } from './threads/team.ts';

vi.mock('./threads/spawn.ts', { spy: true });
const { spawn: actualSpawn } = await vi.importActual<typeof Spawning>('./threads/spawn.ts');

const config = policyConfig('micro', 23);
const batch = {
  kind: 'sft',
  sequences: [{ tokens: Int32Array.of(1, 5, 9, 2), lossMask: Uint8Array.of(0, 1, 1, 1) }],
} as const;

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

test(
  'without relaxed SIMD the plain build runs; without SIMD none does, in words',
  async () => {
    vi.spyOn(WebAssembly, 'validate').mockReturnValue(false);
    expect(bestBuild()).toBe('plain');
    const refused = createSimdEngine({ config });
    await expect(refused).rejects.toThrow(SimdUnavailableError);
    await expect(refused).rejects.toThrow(/no SIMD/);
    vi.restoreAllMocks();
    // A refusal is not kept: the next attempt compiles.
    expect((await kernelModule('plain')).build).toBe('plain');
  },
  COMPILING_MS,
);

describe('a running engine', () => {
  let module: KernelModule;
  beforeAll(async () => {
    module = await kernelModule(bestBuild());
  }, COMPILING_MS);

  test.each([
    [new RangeError('too large'), SimdMemoryError, /not enough memory for the engine\. Close other pages/],
    [new TypeError('shared?'), SimdUnavailableError, /no shared memory .*choose another engine/],
  ])('a memory that is refused at the start is a sentence: %s', async (error, kind, sentence) => {
    vi.spyOn(WebAssembly, 'Memory').mockImplementation(function () {
      throw error;
    });
    await expect(Kernels.instantiate(module)).rejects.toThrow(kind);
    await expect(Kernels.instantiate(module)).rejects.toThrow(sentence);
  });

  test('an allocation that fails is a sentence, and smaller ones go on', async () => {
    const kernels = await Kernels.instantiate(module);
    expect(() => kernels.allocate(2 ** 28, 'a test')).toThrow(SimdMemoryError);
    expect(() => kernels.allocate(2 ** 28, 'a test')).toThrow(/not enough memory for a test/);
    expect(kernels.f32(kernels.allocate(4, 'a test'), 4)).toEqual(new Float32Array(4));
  });

  test('a context that no memory holds is refused, and what was there goes on', async () => {
    const engine = await createSimdEngine({ config, threads: 1 });
    await engine.loadTensors(initialiseTensors(config, new Random(1)));
    const { stats } = await engine.gradients(batch);
    const session = engine.startRollout({
      sampling: { temperature: 1, topP: 1 },
      seed: 1,
      context: 30_000_000,
      turnEndTokens: [],
      endTokens: [],
    });
    session.add([{ id: 1, prompt: [1, 2] }]);
    const refused = session.advance();
    await expect(refused).rejects.toThrow(SimdMemoryError);
    await expect(refused).rejects.toThrow(/not enough memory for .*shorter context/);
    session.dispose();
    expect((await engine.gradients(batch)).stats).toEqual(stats);
    engine.dispose();
  });

  test('where memory cannot be shared, one thread works and the reason says why', async () => {
    const { threads, reason } = await teamWhere(false);
    expect(threads).toBe(1);
    expect(reason).toContain('cross-origin isolated');
    expect((await teamWhere(true)).threads).toBe(3);
  });

  /** A team of three, as in a browser whose page is isolated or is not. */
  async function teamWhere(shared: boolean) {
    const kernels = await Kernels.instantiate(module);
    const team = await Team.start(kernels, module, 3, shared);
    team.dispose();
    return team;
  }

  test('a thread that dies ends the round and every later one, in words', async () => {
    const kernels = await Kernels.instantiate(module);
    const model = new SimdModel(kernels, config, parameterLayout(config));
    const team = await Team.start(kernels, module, 2);
    expect(team.threads).toBe(2);
    const good = kernels.call.createWorkspace(model.address, 8, 8, 1);
    const workspaces = kernels.allocate(2, 'a test');
    // The other thread's workspace lies outside the memory, so its first task traps.
    kernels.u32(workspaces, 2).set([0xffff_ff00, good]);
    const weights = kernels.call.createWeights(kernels.allocate(model.layout.size, 'a test'), 0, 0);
    model.reach(8);
    const task = {
      kind: 'loss',
      model: model.address,
      weights,
      batch: kernels.call.createBatch(kernels.allocate(64, 'a test'), 0, 0, 0),
      gradient: 0,
      gradientBytes: 0,
      ranges: kernels.allocate(2, 'a test'), // no rows
      count: 1,
    } as const;
    const rounds = async () => {
      // Who takes which task is chance; sooner or later the thread takes one.
      for (let round = 0; round < 2000; round++) await team.run(new Array(200).fill(task), workspaces);
    };
    await expect(rounds()).rejects.toThrow(ThreadError);
    await expect(team.run([task], workspaces)).rejects.toThrow(/last checkpoint/);
    team.dispose();
  });

  test.each([
    ['while it waits', 'waiting'],
    ['at work', 'working'],
  ] as const)('a thread killed %s is noticed: the engine is lost, in words', async (_, when) => {
    const started: Thread[] = [];
    vi.mocked(spawn).mockImplementation((start) => {
      const thread = actualSpawn(start);
      started.push(thread);
      return thread;
    });
    const engine = await createSimdEngine({ config, threads: 3 });
    await engine.loadTensors(initialiseTensors(config, new Random(1)));
    const repeated = (times: number) =>
      ({ kind: 'sft', sequences: new Array(times).fill(batch.sequences[0]) }) as const;
    // The host looks up from its waiting four times a second; a step at work is one that takes longer, on any machine.
    let times = 200;
    for (let milliseconds = 0; milliseconds < 600;) {
      times *= 2;
      const from = performance.now();
      await engine.gradients(repeated(times));
      milliseconds = performance.now() - from;
    }
    expect(started.length).toBe(2);
    const kill = () => started[1]!.terminate();
    if (when === 'working') setTimeout(kill, 0);
    else kill();
    const steps = async () => {
      for (;;) {
        await engine.gradients(repeated(times));
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
    };
    await expect(steps()).rejects.toThrow(ThreadError);
    expect(await engine.lost).toMatch(/thread of the engine stopped.*last checkpoint/);
    await expect(engine.readTensors()).rejects.toThrow(ThreadError);
    engine.dispose();
  });

  test('an engine that was disposed of refuses, in words', async () => {
    const engine = await createSimdEngine({ config, threads: 2 });
    engine.dispose();
    await expect(engine.gradients(batch)).rejects.toThrow(/disposed/);
    expect(await Promise.race([engine.lost, Promise.resolve('not lost')])).toBe('not lost');
  });
});
