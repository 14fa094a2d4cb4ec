import { afterEach, describe, expect, it, vi } from 'vitest';
import { NonFiniteLossError, type PolicyEngine } from '../engine/engine.ts';
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
  task: { ...defaultSettings.task, trainProblems: 8 },
  teacher: { ...defaultSettings.teacher, trajectories: 32 },
  sft: { ...defaultSettings.sft, epochs: 2, batchSize: 4, probes: 1 },
  grpo: { ...defaultSettings.grpo, groupSize: 2, promptsPerStep: 4 },
  stage1: { ...defaultSettings.stage1, steps: 2 },
  stage2: { ...defaultSettings.stage2, steps: 2 },
  evaluation: { ...defaultSettings.evaluation, problems: 2, samples: 2 },
};

const answers = () => [[tokenIds.thinkEnd, ...encodeText('1'), tokenIds.imEnd]];

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
      createEngine: async () => new ScriptedEngine(answers),
      createSandbox: async () => new ArithmeticSandbox(),
      now: () => (this.#clock += 1000), // every tick is sent at once
      ...ports,
    });
  }

  send(message: ToTrainer): void {
    this.trainer.handle(message);
  }

  start(overrides: Partial<RunSettings> = {}): void {
    this.send({ type: 'start', settings: { ...settings, ...overrides }, baseUrl: 'http://localhost/' });
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

  it('hands out a checkpoint between ticks and while paused', async () => {
    const page = new Page({
      createEngine: async () => {
        const engine = new ScriptedEngine(answers);
        const { initialiseTensors } = await import('../policy/initialise.ts');
        const { Random } = await import('../random/random.ts');
        engine.readTensors = async () => initialiseTensors(engine.config, new Random(1));
        return engine;
      },
    });
    page.onMessage = (message) => {
      if (message.type !== 'events') return;
      page.onMessage = () => undefined;
      page.send({ type: 'checkpoint' });
      page.send({ type: 'step' });
    };
    page.start();
    const checkpoints = () => page.messages.filter((message) => message.type === 'checkpoint');
    await vi.waitFor(() => expect(checkpoints()).toHaveLength(1));
    await page.until('paused');
    page.send({ type: 'checkpoint' });
    await vi.waitFor(() => expect(checkpoints()).toHaveLength(2));
    expect(checkpoints()[0]?.bytes.length).toBeGreaterThan(1000);
  });

  it.each([
    ['engine', { createEngine: () => Promise.reject(new Error('No adapter.')) }, 'No adapter.'],
    [
      'sandbox',
      { createSandbox: () => Promise.reject(new SandboxUnavailableError('the wasm file is missing')) },
      new SandboxUnavailableError('the wasm file is missing').message,
    ],
  ] as const)('turns a failing %s into one sentence', async (source, ports, message) => {
    const page = new Page(ports);
    page.start();
    await page.until('failed');
    expect(page.messages.filter((sent) => sent.type === 'failed')).toEqual([
      { type: 'failed', source, message },
    ]);
  });

  it('refuses settings that cannot work before anything is loaded', async () => {
    const createEngine = vi.fn(async (): Promise<PolicyEngine> => new ScriptedEngine(answers));
    const page = new Page({ createEngine });
    page.start({ stage1: { ...settings.stage1, minLength: 6, maxLength: 4 } });
    await page.until('failed');
    expect(page.messages).toContainEqual(expect.objectContaining({ type: 'failed', source: 'settings' }));
    expect(createEngine).not.toHaveBeenCalled();
  });

  it('stops in an orderly way on a loss that is not finite, and on a lost device', async () => {
    const broken = new ScriptedEngine(answers);
    broken.step = () => Promise.reject(new NonFiniteLossError('The loss is NaN.'));
    const numerics = new Page({ createEngine: async () => broken });
    numerics.start();
    await numerics.until('failed');
    expect(numerics.messages).toContainEqual({
      type: 'failed',
      source: 'numerics',
      message: 'The loss is NaN.',
    });

    let lose: (message: string) => void = () => undefined;
    const losing = new ScriptedEngine(answers);
    Object.assign(losing, {
      lost: new Promise<string>((resolve) => {
        lose = resolve;
      }),
    });
    const page = new Page({ createEngine: async () => losing });
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
