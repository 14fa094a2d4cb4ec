/**
 * Fakes and examples for the lab's tests: a world with a hand-turned clock and a scripted trainer, and small trajectories.
 */
import { curate } from '../../curation/curate.ts';
import { Random } from '../../random/random.ts';
import type { Problem } from '../../tasks/problem.ts';
import type { Trajectory } from '../../tasks/trajectory.ts';
import { encodeText, tokenIds } from '../../tasks/vocabulary.ts';
import type { RunEvent, ScoredTrajectory } from '../../train/events.ts';
import type { FromTrainer, ToTrainer } from '../../worker/protocol.ts';
import type { LabEnvironment, TrainerPort } from '../environment.ts';
import type { EngineView } from '../state.ts';

export const engine: EngineView & { readonly backend: 'wasm' } = {
  engine: 'tfjs',
  backend: 'wasm',
  adapter: 'WebAssembly, 2 threads',
  isSoftware: true,
  reason: 'The browser offers no WebGPU adapter.',
};

export class FakeTrainer implements TrainerPort {
  readonly received: ToTrainer[] = [];
  terminated = false;
  #message: (message: FromTrainer) => void = () => undefined;
  #error: (message: string) => void = () => undefined;

  post(message: ToTrainer): void {
    this.received.push(structuredClone(message));
  }
  onMessage(listener: (message: FromTrainer) => void): void {
    this.#message = listener;
  }
  onError(listener: (message: string) => void): void {
    this.#error = listener;
  }
  terminate(): void {
    this.terminated = true;
  }

  /** What the worker says, in the test's words. */
  say(...messages: readonly FromTrainer[]): void {
    for (const message of messages) this.#message(structuredClone(message));
  }
  crash(message: string): void {
    this.#error(message);
  }
  tell(...events: readonly RunEvent[]): void {
    this.say({ type: 'events', events, tokensPerSecond: 1000 });
  }
}

/** A world in which nothing happens but what a test does. */
export class FakeWorld {
  readonly trainers: FakeTrainer[] = [];
  query = '';
  awake = false;
  /** What can be downloaded. */
  readonly files = new Map<string, BlobPart>();
  readonly environment: LabEnvironment;
  #time = 0;
  #timers: { readonly due: number; readonly action: () => void }[] = [];
  #hidden: () => void = () => undefined;

  constructor(query = '') {
    this.query = query;
    this.environment = {
      createTrainer: () => {
        const trainer = new FakeTrainer();
        this.trainers.push(trainer);
        return trainer;
      },
      baseUrl: 'https://lab.example/',
      address: { read: () => this.query, replace: (next) => (this.query = next) },
      now: () => this.#time,
      after: (milliseconds, action) => {
        const timer = { due: this.#time + milliseconds, action };
        this.#timers.push(timer);
        return () => {
          this.#timers = this.#timers.filter((other) => other !== timer);
        };
      },
      download: (path) => {
        const contents = this.files.get(path);
        return contents === undefined
          ? Promise.reject(new Error('404'))
          : Promise.resolve(new Blob([contents]));
      },
      date: () => '2026-02-03T04:05:06.000Z',
      origin: { versions: { 'aster-lab': '0.1.0', zod: '4' }, userAgent: 'a test' },
      keepAwake: (on) => (this.awake = on),
      onHidden: (listener) => (this.#hidden = listener),
    };
  }

  /** The worker in use. */
  get trainer(): FakeTrainer {
    const trainer = this.trainers.at(-1);
    if (trainer === undefined) throw new Error('No trainer has been created.');
    return trainer;
  }

  hide(): void {
    this.#hidden();
  }

  /** Let time pass; timers fire in order. */
  pass(milliseconds: number): void {
    const end = this.#time + milliseconds;
    for (;;) {
      const next = this.#timers.filter((timer) => timer.due <= end).sort((a, b) => a.due - b.due)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#time = Math.max(this.#time, next.due);
      next.action();
    }
    this.#time = end;
  }
}

export function problem(id: string): Problem {
  const step = {
    label: 'a',
    operation: '*2',
    code: '37*2',
    value: '74',
    thought: '*2=60+14=74 ',
    difficulty: 0.7,
  };
  return { id, family: 'chain', question: '37 a*2 ', start: '37', steps: [step], answer: '74' };
}

/** One call, the right answer; `logProbs` are awkward float32 values where the policy sampled. */
export function trajectory(
  id = 'chain/stage-1/1/0',
  options: { readonly sampled?: boolean } = {},
): Trajectory {
  const prompt = [tokenIds.imStart, ...encodeText('37 a*2 '), tokenIds.think];
  const call = [...encodeText('a'), tokenIds.toolCall, ...encodeText('37*2'), tokenIds.toolCallEnd];
  const response = [tokenIds.toolResponse, ...encodeText('74'), tokenIds.toolResponseEnd];
  const answer = [tokenIds.thinkEnd, ...encodeText('74'), tokenIds.imEnd];
  const parts = [prompt, call, response, answer];
  const lossMask = Uint8Array.from(parts.flatMap((part, i) => part.map(() => i % 2)));
  const sampled = options.sampled ?? true;
  return {
    problem: problem(id),
    tokens: Int32Array.from(parts.flat()),
    lossMask,
    logProbs: Float32Array.from(lossMask, (mask, i) => (mask === 1 && sampled ? -1 / (i + 3) : 0)),
    calls: [
      {
        code: '37*2',
        result: { kind: 'ok', output: '74\n' },
        start: prompt.length + 1,
        end: prompt.length + call.length + response.length,
      },
    ],
    stop: 'end',
  };
}

export function scored(prompt: number, sample: number, reward: number): ScoredTrajectory {
  return { ...trajectory(`chain/stage-1/1/${prompt}`), reward, advantage: reward - 0.3, prompt, sample };
}

/** A rollout batch of `prompts` groups of `groupSize`; in group `mixed` half of the answers are right. */
export function batch(prompts: number, groupSize: number, mixed: number): ScoredTrajectory[] {
  return Array.from({ length: prompts * groupSize }, (_, i) => {
    const prompt = Math.floor(i / groupSize);
    return scored(prompt, i % groupSize, prompt === mixed && i % 2 === 0 ? 1 : 0);
  });
}

/** A short run, as the trainer would tell it. */
export function exampleEvents(): RunEvent[] {
  const pool = Array.from({ length: 12 }, (_, i) =>
    trajectory(`chain/cold-start/1/${i}`, { sampled: false }),
  );
  const { report, kept } = curate(
    pool,
    { sparseMax: 0, denseMin: 1, bin: 'dense', keepZero: false, size: 8 },
    new Random(1),
  );
  const events: RunEvent[] = [
    { type: 'phase', phase: 'curation', total: 12, unit: 'trajectories', round: 0 },
    { type: 'curation', report, kept },
    { type: 'progress', phase: 'curation', done: 12 },
    { type: 'phase', phase: 'sft', total: 3, unit: 'steps', round: 0 },
  ];
  for (let step = 1; step <= 3; step++) {
    events.push({ type: 'sft', step, values: { 'train/loss': 4 / step, 'train/lr': 0.004 } });
    events.push({ type: 'progress', phase: 'sft', done: step });
  }
  events.push({ type: 'phase', phase: 'stage1', total: 12, unit: 'steps', round: 0 });
  for (let round = 1; round <= 12; round++) {
    const values = { 'tool_use/avg_tool_calls_per_trajectory': 5 / round, 'critic/score/mean': round / 12 };
    events.push({
      type: 'round',
      phase: 'stage1',
      round,
      step: round,
      values,
      callCounts: [12 - round, round],
    });
    events.push({ type: 'trajectories', phase: 'stage1', round, trajectories: batch(2, 8, round % 2) });
    if (round === 1) events.push({ type: 'collapseReference', round, density: 5 });
    events.push({ type: 'progress', phase: 'stage1', done: round, detail: `step ${round}` });
  }
  events.push({ type: 'collapsed', round: 12, density: 0.6 });
  events.push({
    type: 'promptFilter',
    report: { prompts: 32, visited: 24, dropped: 5, added: 5, solvedHistogram: [1, 2, 3, 4, 5, 4, 3, 1, 1] },
  });
  events.push({
    type: 'benchmark',
    result: {
      phase: 'evaluation',
      benchmark: 'longer',
      budget: 'long',
      context: 200,
      calls: 50,
      k: 4,
      problems: 64,
      meanAtK: 0.75,
      passAtK: 0.9,
      toolCalls: 6.5,
      truncated: 0.02,
      responseLength: 96.5,
    },
  });
  events.push({ type: 'done' });
  return events;
}
