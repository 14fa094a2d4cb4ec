import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ChosenEngine } from '../engine/choice.ts';
import { NonFiniteLossError, type PolicyEngine } from '../engine/engine.ts';
import { DeviceFault } from '../engine/wgsl/device/device.ts';
import { MemoryPlanError } from '../engine/wgsl/memory/memoryPlan.ts';
import { initialiseTensors } from '../policy/initialise.ts';
import { Random } from '../random/random.ts';
import { SandboxUnavailableError } from '../sandbox/sandbox.ts';
import { encodeText, tokenIds } from '../tasks/vocabulary.ts';
import type { RunEvent } from '../train/events.ts';
import { defaultSettings, type RunSettings } from '../train/settings.ts';
import { ArithmeticSandbox } from '../train/testing/arithmeticSandbox.ts';
import { ScriptedEngine } from '../train/testing/scriptedEngine.ts';
import type { FromTrainer, ToTrainer } from './protocol.ts';
import { Trainer, type TrainerPorts } from './trainer.ts';

const settings: RunSettings = {
  ...defaultSettings,
  policy: { preset: 'micro', base: 'scratch', shape: '' }, // as the scripted engine
  task: { ...defaultSettings.task, trainProblems: 8 },
  teacher: { ...defaultSettings.teacher, trajectories: 32 },
  sft: { ...defaultSettings.sft, epochs: 2, batchSize: 4, probes: 1 },
  grpo: { ...defaultSettings.grpo, groupSize: 2, promptsPerStep: 4 },
  stage1: { ...defaultSettings.stage1, steps: 2 },
  stage2: { ...defaultSettings.stage2, steps: 2 },
  evaluation: { ...defaultSettings.evaluation, problems: 2, samples: 2 },
};

const answers = () => [[tokenIds.thinkEnd, ...encodeText('1'), tokenIds.imEnd]];

/** The scripted engine with weights and moments of the right shapes, so that checkpoints of it are whole. */
function weighedEngine(): ScriptedEngine {
  const engine = new ScriptedEngine(answers);
  const tensors = new Map(initialiseTensors(engine.config, new Random(1)));
  engine.readTensors = async () => tensors;
  engine.readOptimizer = async () => ({ step: 3, m: tensors, v: tensors });
  return engine;
}

/** An engine whose device can be lost. */
function fragileEngine(): { readonly engine: ScriptedEngine; readonly lose: (message: string) => void } {
  let lose: (message: string) => void = () => undefined;
  const engine = weighedEngine();
  Object.assign(engine, { lost: new Promise<string>((resolve) => (lose = resolve)) });
  return { engine, lose: (message) => lose(message) };
}

/** An engine that was the first choice. */
const chosen = (engine: PolicyEngine): ChosenEngine => ({ engine, description: engine.description });

class Page {
  readonly messages: FromTrainer[] = [];
  readonly trainer: Trainer;
  onMessage: (message: FromTrainer) => void = () => undefined;
  #clock = 0;

  constructor(ports: Partial<TrainerPorts> = {}) {
    this.trainer = new Trainer({
      post: (message) => {
        this.messages.push(message);
        this.onMessage(message);
      },
      describeEngine: async () => new ScriptedEngine(answers).description,
      createEngine: async () => chosen(new ScriptedEngine(answers)),
      createSandbox: async () => new ArithmeticSandbox(),
      loadBase: async () => null,
      now: () => (this.#clock += 1000), // every tick is sent at once
      ...ports,
    });
  }

  send(message: ToTrainer): void {
    this.trainer.handle(message);
  }

  start(overrides: Partial<RunSettings> = {}, from?: Uint8Array): void {
    const message = { settings: { ...settings, ...overrides }, baseUrl: 'http://localhost/' };
    this.send({ type: 'start', ...message, ...(from === undefined ? {} : { from }) });
  }

  get checkpoints(): Extract<FromTrainer, { type: 'checkpoint' }>[] {
    return this.messages.filter((message) => message.type === 'checkpoint');
  }

  get failures(): FromTrainer[] {
    return this.messages.filter((message) => message.type === 'failed');
  }

  /** Everything that was told after a message. */
  eventsAfter(message: FromTrainer): RunEvent[] {
    return this.messages
      .slice(this.messages.indexOf(message))
      .flatMap((later) => (later.type === 'events' ? later.events : []));
  }

  get events(): RunEvent[] {
    return this.messages.flatMap((message) => (message.type === 'events' ? message.events : []));
  }

  get statuses(): string[] {
    return this.messages.flatMap((message) => (message.type === 'status' ? [message.status] : []));
  }

  async until(status: string): Promise<void> {
    await vi.waitFor(() => expect(this.statuses.at(-1)).toBe(status), { timeout: 10_000 });
  }
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('the trainer', () => {
  it('answers a probe', async () => {
    const page = new Page();
    page.send({ type: 'probe', backend: 'auto', baseUrl: 'http://localhost/' });
    await vi.waitFor(() =>
      expect(page.messages[0]).toMatchObject({ type: 'probed', engine: { backend: 'cpu' } }),
    );
  });

  it('runs to the end and says so once', async () => {
    const page = new Page();
    page.start();
    await page.until('done');
    expect(page.statuses).toEqual(['starting', 'running', 'done']);
    expect(page.events.at(-1)).toEqual({ type: 'done' });
  });

  it('holds between two ticks and goes on where it was', async () => {
    const whole = new Page();
    whole.start();
    await whole.until('done');
    const held = new Page();
    held.onMessage = (message) => {
      if (message.type === 'events' && held.events.some((event) => event.type === 'sft')) {
        held.onMessage = () => undefined;
        held.send({ type: 'pause' });
      }
    };
    held.start();
    await held.until('paused');
    const seen = held.events.length;
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(held.events).toHaveLength(seen);
    expect(seen).toBeLessThan(whole.events.length);
    held.send({ type: 'resume' });
    await held.until('done');
    expect(held.events).toEqual(whole.events);
  });

  it('steps from boundary to boundary: one cold-start step at a time', async () => {
    const page = new Page();
    page.send({ type: 'pause' });
    page.start();
    await page.until('paused');
    const sftSteps = () => page.events.filter((event) => event.type === 'sft').length;
    for (let i = 0; i < 100 && sftSteps() === 0; i++) {
      const pauses = page.statuses.filter((status) => status === 'paused').length;
      page.send({ type: 'step' });
      await vi.waitFor(() =>
        expect(page.statuses.filter((status) => status === 'paused').length).toBe(pauses + 1),
      );
    }
    expect(sftSteps()).toBe(1);
    page.send({ type: 'step' });
    await vi.waitFor(() => expect(sftSteps()).toBe(2));
    await page.until('paused');
    expect(sftSteps()).toBe(2);
  });

  it('hands out weights between ticks and while paused', async () => {
    const page = new Page({ createEngine: async () => chosen(weighedEngine()) });
    page.onMessage = (message) => {
      if (message.type !== 'events') return;
      page.onMessage = () => undefined;
      page.send({ type: 'weights' });
      page.send({ type: 'step' });
    };
    page.start();
    const weights = () => page.messages.filter((message) => message.type === 'weights');
    await vi.waitFor(() => expect(weights()).toHaveLength(1));
    await page.until('paused');
    page.send({ type: 'weights' });
    await vi.waitFor(() => expect(weights()).toHaveLength(2));
    expect(weights()[0]?.bytes.length).toBeGreaterThan(1000);
  });

  it('says why where weights cannot be had: before there are any, and when the device was lost after the end', async () => {
    const { engine, lose } = fragileEngine();
    const page = new Page({ createEngine: async () => chosen(engine) });
    page.send({ type: 'weights' });
    page.send({ type: 'pause' });
    page.start();
    await page.until('paused');
    page.send({ type: 'weights' }); // held before the policy was loaded
    page.send({ type: 'resume' });
    await page.until('done');
    const refusals = () => page.messages.filter((message) => message.type === 'weightsFailed');
    const early = { type: 'weightsFailed', message: 'the policy is not prepared yet.' };
    expect(refusals()).toEqual([early, early]);
    engine.readTensors = () => Promise.reject(new Error('Buffer is destroyed.'));
    lose('The GPU was unplugged.');
    page.send({ type: 'weights' });
    await vi.waitFor(() => expect(refusals()).toHaveLength(3));
    expect(refusals()[2]?.message).toBe('The GPU was unplugged.');
    expect(page.messages.filter(({ type }) => type === 'failed')).toEqual([]); // the run has ended well
    expect(page.messages.at(-1)?.type).toBe('weightsFailed');
  });

  it.each([
    ['engine', { createEngine: () => Promise.reject(new Error('No adapter.')) }, 'No adapter.'],
    [
      'sandbox',
      { createSandbox: () => Promise.reject(new SandboxUnavailableError('the wasm file is missing')) },
      new SandboxUnavailableError('the wasm file is missing').message,
    ],
    [
      'base',
      { loadBase: () => Promise.reject(new Error('There is no such base.')) },
      'There is no such base.',
    ],
  ] as const)('turns a failing %s into one sentence', async (source, ports, message) => {
    const page = new Page(ports);
    page.start();
    await page.until('failed');
    expect(page.messages.filter((sent) => sent.type === 'failed')).toEqual([
      { type: 'failed', source, message },
    ]);
  });

  it('begins with the weights of a base and names it; a run that goes on has its own', async () => {
    const engine = weighedEngine();
    const loaded = vi.spyOn(engine, 'loadTensors');
    const tensors = initialiseTensors(engine.config, new Random(9));
    const base = { name: 'mini', sha256: null };
    const loadBase = vi.fn(async () => ({ tensors, base }));
    const page = new Page({ createEngine: async () => chosen(engine), loadBase });
    page.start();
    await page.until('done');
    expect(page.messages).toContainEqual(expect.objectContaining({ type: 'started', base }));
    expect(loaded.mock.calls[0]).toEqual([tensors]);
    const saved = page.messages.find((message) => message.type === 'checkpoint');
    if (saved === undefined) throw new Error('No checkpoint was kept.');
    const later = new Page({ createEngine: async () => chosen(weighedEngine()), loadBase });
    later.start({}, saved.bytes);
    await later.until('done');
    expect(loadBase).toHaveBeenCalledOnce();
  });

  it('refuses settings that cannot work before anything is loaded', async () => {
    const createEngine = vi.fn(async () => chosen(new ScriptedEngine(answers)));
    const page = new Page({ createEngine });
    page.start({ stage1: { ...settings.stage1, minLength: 6, maxLength: 4 } });
    await page.until('failed');
    expect(page.messages).toContainEqual(expect.objectContaining({ type: 'failed', source: 'settings' }));
    expect(createEngine).not.toHaveBeenCalled();
  });

  it('tells the engine’s memory plan, and refuses a run that the plan cannot hold', async () => {
    const memory = [{ name: 'Training', bytes: 2 ** 20 }];
    const page = new Page({ planMemory: () => memory });
    page.start();
    await page.until('done');
    expect(page.messages).toContainEqual(expect.objectContaining({ type: 'started', memory }));
    const started = new ArithmeticSandbox();
    const dispose = vi.spyOn(started, 'dispose');
    const createSandbox = vi.fn(async () => started);
    const full = new Page({
      createSandbox,
      planMemory: () => {
        throw new MemoryPlanError('Training needs 2 GB of graphics memory.');
      },
    });
    full.start();
    await full.until('failed');
    expect(full.failures).toEqual([
      { type: 'failed', source: 'engine', message: 'Training needs 2 GB of graphics memory.' },
    ]);
    await vi.waitFor(() => expect(dispose).toHaveBeenCalledOnce());
  });

  it('starts Python beside the engine, and says what its start is doing once the engine stands', async () => {
    let built = () => {};
    const page = new Page({
      createEngine: () =>
        new Promise<ChosenEngine>((resolve) => (built = () => resolve(chosen(new ScriptedEngine(answers))))),
      createSandbox: async (_settings, _baseUrl, onProgress) => {
        onProgress('Loading Python', 0.5);
        return new ArithmeticSandbox();
      },
    });
    page.start();
    const boots = () =>
      page.messages.flatMap((message) => (message.type === 'boot' ? [message.message] : []));
    expect(boots()).toEqual(['Preparing the policy']);
    built();
    await page.until('done');
    expect(boots()).toEqual(['Preparing the policy', 'Loading Python']);
  });

  it('stops in an orderly way on a loss that is not finite, and on a lost device', async () => {
    const broken = new ScriptedEngine(answers);
    broken.step = () => Promise.reject(new NonFiniteLossError('The loss is NaN.'));
    const numerics = new Page({ createEngine: async () => chosen(broken) });
    numerics.start();
    await numerics.until('failed');
    expect(numerics.messages).toContainEqual({
      type: 'failed',
      source: 'numerics',
      message: expect.stringMatching(
        /3 optimizer steps in a row was not a finite number, so the run was stopped/,
      ) as string,
    });

    const { engine: losing, lose } = fragileEngine();
    const page = new Page({ createEngine: async () => chosen(losing) });
    page.send({ type: 'pause' });
    page.start();
    await page.until('paused');
    lose('The GPU was unplugged.');
    await page.until('failed');
    expect(page.messages).toContainEqual({
      type: 'failed',
      source: 'device-lost',
      message: 'The GPU was unplugged.',
    });
  });
});

describe('checkpoints while a run goes on', () => {
  const still = () => 0; // only a phase's first and last steps are saved

  it('are taken at a stage’s first step and at the end of a phase, and a run goes on exactly from each', async () => {
    const grpo = { ...settings.grpo, klCoefficient: 0.01 };
    const whole = new Page({ createEngine: async () => chosen(weighedEngine()), now: still });
    whole.start({ grpo });
    await whole.until('done');
    expect(
      whole.checkpoints.map(({ place }) => `${place.phase} ${place.done}, round ${place.round}`),
    ).toEqual([
      'sft 11, round 1',
      'baseline 6, round 1',
      'stage1 1, round 2',
      'stage1 2, round 3',
      'stage2 1, round 4',
      'stage2 2, round 5',
      'evaluation 6, round 5',
    ]);
    for (const saved of whole.checkpoints) {
      const resumed = new Page({ createEngine: async () => chosen(weighedEngine()), now: still });
      // What the page asks for beside a checkpoint is not what runs: the checkpoint's own settings are.
      resumed.start({ run: { ...settings.run, seed: 77 } }, saved.bytes);
      await resumed.until('done');
      expect(resumed.events, saved.place.phase).toEqual(whole.eventsAfter(saved));
    }
  });

  it('are taken when the time has come, too', async () => {
    let time = 0;
    const engine = weighedEngine();
    const step = engine.step.bind(engine);
    engine.step = (batch, optimizer) => {
      time += 1000;
      return step(batch, optimizer);
    };
    const page = new Page({ createEngine: async () => chosen(engine), now: () => time });
    page.start({ sft: { ...settings.sft, epochs: 8 } });
    await page.until('done');
    const steps = page.checkpoints.flatMap(({ place }) => (place.phase === 'sft' ? [place.done] : []));
    expect(steps).toEqual([14, 29, 44]); // here a step's time passes when it is asked for, one step ahead
  });

  it('are refused in one sentence when they are damaged, before anything is loaded', async () => {
    const createEngine = vi.fn(async () => chosen(weighedEngine()));
    const page = new Page({ createEngine });
    page.start({}, Uint8Array.of(1, 2, 3));
    await page.until('failed');
    expect(page.failures).toEqual([expect.objectContaining({ type: 'failed', source: 'checkpoint' })]);
    expect(createEngine).not.toHaveBeenCalled();
  });

  it('tell of a device lost in the middle of one once, as what it is', async () => {
    const { engine, lose } = fragileEngine();
    engine.readOptimizer = () => {
      setTimeout(() => lose('The GPU was unplugged.'), 20);
      return Promise.reject(new DeviceFault('The buffer cannot be mapped.'));
    };
    const page = new Page({ createEngine: async () => chosen(engine), now: still });
    page.start();
    await page.until('failed');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(page.failures).toEqual([
      { type: 'failed', source: 'device-lost', message: 'The GPU was unplugged.' },
    ]);
    expect(page.checkpoints).toEqual([]);
  });

  it('stay behind when the device refuses the next step', async () => {
    const engine = weighedEngine();
    const step = engine.step.bind(engine);
    engine.step = (batch, optimizer) =>
      batch.kind === 'grpo' && engine.steps.filter((done) => done.batch.kind === 'grpo').length >= 3
        ? Promise.reject(new DeviceFault('A rollout: the graphics device is out of memory.'))
        : step(batch, optimizer);
    const page = new Page({ createEngine: async () => chosen(engine), now: still });
    page.start();
    await page.until('failed');
    expect(page.failures).toEqual([
      { type: 'failed', source: 'engine', message: 'A rollout: the graphics device is out of memory.' },
    ]);
    expect(page.checkpoints.at(-1)?.place).toEqual({ phase: 'stage1', done: 1, round: 2 });
  });
});
