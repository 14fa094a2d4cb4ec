/**
 * The trainer's host: drives a run tick by tick, and lets the page hold it between any two.
 *
 * Invariants. (1) Whatever goes wrong becomes exactly one `failed` message with a sentence; nothing is swallowed.
 * (2) Between two ticks the event loop turns, so a pause is seen within one optimizer step or rollout chunk even on a
 * backend that never waits. (3) The host knows neither Worker nor DOM: ports, engine and sandbox are handed in.
 */
import type { EngineDescription, PolicyEngine } from '../engine/engine.ts';
import { NonFiniteLossError } from '../engine/engine.ts';
import { parameterCount } from '../policy/config.ts';
import { writeCheckpoint } from '../policy/checkpoint.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import type { PhaseName, RunEvent, RunTick } from '../train/events.ts';
import { EmptyColdStartError } from '../train/pool.ts';
import { runRecipe } from '../train/run.ts';
import { validateSettings } from '../train/validate.ts';
import { longestContext, type RunSettings } from '../train/settings.ts';
import { tokenIds } from '../tasks/vocabulary.ts';
import type { FailureSource, FromTrainer, ToTrainer } from './protocol.ts';

/** What start-up is doing, and its share done (0..1) where that is known. */
export type BootReport = (message: string, share?: number) => void;

export interface TrainerPorts {
  readonly post: (message: FromTrainer) => void;
  readonly describeEngine: (
    backend: RunSettings['run']['backend'],
    baseUrl: string,
  ) => Promise<EngineDescription>;
  readonly createEngine: (
    settings: RunSettings,
    baseUrl: string,
    onProgress: BootReport,
  ) => Promise<PolicyEngine>;
  readonly createSandbox: (
    settings: RunSettings,
    baseUrl: string,
    onProgress: BootReport,
  ) => Promise<Sandbox>;
  /** Milliseconds, for rates and for batching messages; never for anything that trains. */
  readonly now: () => number;
}

/** Events are sent at most this often while a run goes on, milliseconds. */
const sendInterval = 100;

export class Trainer {
  readonly #ports: TrainerPorts;
  #engine: PolicyEngine | null = null;
  #phase: PhaseName = 'problems';
  #longestContext = 0;
  #hold: 'running' | 'stepping' | 'paused' = 'running';
  #release: (() => void) | null = null;
  #driving = false;
  #over = false;
  #checkpointAsked = false;
  #unsent: RunEvent[] = [];
  #lastSent = 0;
  readonly #rate = new TokenRate();

  constructor(ports: TrainerPorts) {
    this.#ports = ports;
  }

  handle(message: ToTrainer): void {
    switch (message.type) {
      case 'probe':
        void this.#probe(message.backend, message.baseUrl);
        return;
      case 'start':
        void this.#run(message.settings, message.baseUrl);
        return;
      case 'pause':
        this.#hold = 'paused';
        return;
      case 'resume':
        this.#go('running');
        return;
      case 'step':
        this.#go('stepping');
        return;
      case 'checkpoint':
        this.#checkpointAsked = true;
        if (!this.#driving || this.#release !== null) void this.#sendCheckpoint();
        return;
    }
  }

  async #probe(backend: RunSettings['run']['backend'], baseUrl: string): Promise<void> {
    try {
      this.#ports.post({ type: 'probed', engine: await this.#ports.describeEngine(backend, baseUrl) });
    } catch (error) {
      this.#fail('engine', error);
    }
  }

  async #run(settings: RunSettings, baseUrl: string): Promise<void> {
    this.#ports.post({ type: 'status', status: 'starting' });
    const problems = validateSettings(settings);
    if (problems.length > 0) {
      this.#fail('settings', new Error(problems.map((problem) => problem.message).join(' ')));
      return;
    }
    const boot: BootReport = (message, share) =>
      this.#ports.post({ type: 'boot', message, ...(share === undefined ? {} : { share }) });
    boot('Preparing the policy');
    let engine: PolicyEngine;
    let sandbox: Sandbox;
    try {
      engine = await this.#ports.createEngine(settings, baseUrl, boot);
    } catch (error) {
      this.#fail('engine', error);
      return;
    }
    this.#engine = engine;
    this.#longestContext = longestContext(settings);
    void engine.lost.then((message) => this.#fail('device-lost', new Error(message)));
    try {
      sandbox = await this.#ports.createSandbox(settings, baseUrl, boot);
    } catch (error) {
      this.#fail('sandbox', error);
      return;
    }
    if (this.#over) {
      sandbox.dispose();
      return;
    }
    this.#ports.post({
      type: 'started',
      engine: engine.description,
      sandbox: sandbox.version,
      parameters: parameterCount(engine.config),
    });
    try {
      await this.#drive(
        runRecipe({
          engine,
          sandbox,
          settings,
          createReferenceEngine: () => this.#ports.createEngine(settings, baseUrl, boot),
        }),
      );
    } catch (error) {
      this.#fail(failureSource(error), error);
    } finally {
      sandbox.dispose();
    }
  }

  async #drive(work: AsyncGenerator<RunTick, void, void>): Promise<void> {
    this.#driving = true;
    if (this.#hold !== 'paused') this.#ports.post({ type: 'status', status: 'running' });
    try {
      for (;;) {
        await this.#gate();
        if (this.#over) return;
        const next = await work.next();
        if (this.#over) return;
        if (next.done === true) break;
        this.#note(next.value);
        if (this.#checkpointAsked) await this.#sendCheckpoint();
        await turnEventLoop();
      }
    } finally {
      this.#driving = false;
    }
    this.#flush();
    this.#over = true;
    this.#ports.post({ type: 'status', status: 'done' });
  }

  /** Waits while the run is held. */
  async #gate(): Promise<void> {
    if (this.#hold !== 'paused') return;
    this.#flush();
    this.#ports.post({ type: 'status', status: 'paused' });
    await new Promise<void>((resolve) => {
      this.#release = resolve;
    });
    this.#release = null;
    if (!this.#over) this.#ports.post({ type: 'status', status: 'running' });
  }

  #go(hold: 'running' | 'stepping'): void {
    this.#hold = hold;
    this.#release?.();
  }

  #note(tick: RunTick): void {
    for (const event of tick.events) if (event.type === 'phase') this.#phase = event.phase;
    this.#unsent.push(...tick.events);
    const now = this.#ports.now();
    this.#rate.add(now, tick.tokens);
    if (this.#hold === 'stepping' && tick.boundary) this.#hold = 'paused';
    // A phase is announced at once: its first step may take long.
    const announces = tick.events.some((event) => event.type === 'phase');
    if (announces || now - this.#lastSent >= sendInterval) this.#flush();
  }

  #flush(): void {
    if (this.#unsent.length === 0) return;
    this.#ports.post({ type: 'events', events: this.#unsent, tokensPerSecond: this.#rate.perSecond() });
    this.#unsent = [];
    this.#lastSent = this.#ports.now();
  }

  async #sendCheckpoint(): Promise<void> {
    this.#checkpointAsked = false;
    const engine = this.#engine;
    if (engine === null) return;
    try {
      const tensors = await engine.readTensors();
      const bytes = writeCheckpoint(
        { config: engine.config, tensors, metadata: { phase: this.#phase } },
        {
          maxPositionEmbeddings: this.#longestContext,
          bosTokenId: tokenIds.imStart,
          eosTokenId: tokenIds.imEnd,
          padTokenId: tokenIds.pad,
        },
      );
      this.#ports.post({ type: 'checkpoint', bytes, phase: this.#phase });
    } catch (error) {
      this.#fail('engine', error);
    }
  }

  #fail(source: FailureSource, error: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#flush();
    this.#release?.();
    const message = error instanceof Error ? error.message : String(error);
    this.#ports.post({ type: 'failed', source, message });
    this.#ports.post({ type: 'status', status: 'failed' });
  }
}

function failureSource(error: unknown): FailureSource {
  if (error instanceof NonFiniteLossError) return 'numerics';
  if (error instanceof EmptyColdStartError) return 'settings';
  return 'trainer';
}

/** Tokens a second over the last few seconds. */
class TokenRate {
  #samples: { readonly at: number; readonly tokens: number }[] = [];

  add(at: number, tokens: number): void {
    this.#samples.push({ at, tokens });
    this.#samples = this.#samples.filter((sample) => at - sample.at < 5000);
  }

  perSecond(): number {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.at === first.at) return 0;
    const tokens = this.#samples.reduce((sum, sample) => sum + sample.tokens, 0);
    return (1000 * tokens) / (last.at - first.at);
  }
}

/** A turn of the event loop, so that messages are seen; a message channel is not slowed down in hidden tabs as timers are. */
function turnEventLoop(): Promise<void> {
  return new Promise((resolve) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
      channel.port1.close();
      resolve();
    };
    channel.port2.postMessage(null);
  });
}
