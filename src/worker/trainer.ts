/**
 * The trainer's host: drives a run tick by tick, and lets the page pause it between any two. It knows neither Worker nor DOM: ports,
 * engine and sandbox are handed in.
 *
 * Invariants (trainer.test.ts). (1) Whatever goes wrong becomes exactly one `failed` message with a sentence. (2) Between two ticks the
 * event loop turns, so a pause is seen within one optimizer step or rollout chunk even on a backend that never waits. (3) While a run
 * goes on a checkpoint is taken every few seconds (`saving.ts`), after everything that was told before and before anything that is told
 * after.
 */
import type { ChosenEngine } from '../engine/choice.ts';
import type { EngineDescription, MemoryPart, PolicyEngine } from '../engine/engine.ts';
import { parameterCount } from '../policy/config.ts';
import { writeCheckpoint } from '../policy/checkpoint.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import type { StartingWeights } from '../train/baseFile.ts';
import type { RunCheckpoint } from '../train/checkpoint.ts';
import { checkpointContext, readRunCheckpoint, writeRunCheckpoint } from '../train/checkpointFile.ts';
import type { PhaseName, RunEvent, RunTick } from '../train/events.ts';
import { runRecipe } from '../train/run.ts';
import { validateSettings } from '../train/validate.ts';
import type { RunSettings } from '../train/settings.ts';
import { deviceLoss, failureSource } from './faults.ts';
import { PauseGate, TokenRate, turnEventLoop } from './pacing.ts';
import type { FailureSource, FromTrainer, ToTrainer } from './protocol.ts';
import { SavingClock } from './saving.ts';

/** What start-up is doing, and its share done (0..1) where that is known. */
export type BootReport = (message: string, share?: number) => void;

export interface TrainerPorts {
  /** The memory of `transfer` is handed over, not copied. */
  readonly post: (message: FromTrainer, transfer?: Uint8Array) => void;
  readonly describeEngine: (
    backend: RunSettings['run']['backend'],
    baseUrl: string,
  ) => Promise<EngineDescription>;
  readonly createEngine: (
    settings: RunSettings,
    where: { readonly baseUrl: string; readonly sharedBy: number },
    onProgress: BootReport,
  ) => Promise<ChosenEngine>;
  readonly createSandbox: (
    settings: RunSettings,
    baseUrl: string,
    onProgress: BootReport,
  ) => Promise<Sandbox>;
  /** The weights that a run begins with; null where they are drawn freshly. Rejects with a CheckpointError's sentence. */
  readonly loadBase: (settings: RunSettings, baseUrl: string) => Promise<StartingWeights | null>;
  /** Gives an engine its part of the machine. */
  readonly shareMachine?: (
    engine: PolicyEngine,
    sharedBy: number,
  ) => Promise<Pick<EngineDescription, 'adapter' | 'threads' | 'reason'>>;
  /** What an engine plans to hold in graphics memory for a run; undefined where it has no plan. Throws where it does not fit. */
  readonly planMemory?: (engine: PolicyEngine, settings: RunSettings) => readonly MemoryPart[] | undefined;
  /** Milliseconds, for rates, for batching messages and for saving now and then; never for anything that trains. */
  readonly now: () => number;
}

/** While a run goes on something is sent at least this often, ticks allowing, milliseconds. */
const beatInterval = 5000;
/** Events are sent at most this often while a run goes on, milliseconds. */
const sendInterval = 100;

export class Trainer {
  readonly #ports: TrainerPorts;
  #engine: PolicyEngine | null = null;
  #description: EngineDescription | null = null;
  #sharedBy = 1;
  /** Where the weights are from, for those who ask for them. */
  #phase: PhaseName = 'problems';
  #round = 0;
  /** Before the first tick the engine has no weights, or not the run’s. */
  #hasWeights = false;
  #settings: RunSettings | null = null;
  readonly #gate = new PauseGate();
  #driving = false;
  #over = false;
  #weightsAsked = false;
  #unsent: RunEvent[] = [];
  #lastSent = 0;
  readonly #rate = new TokenRate();
  readonly #saving: SavingClock;

  constructor(ports: TrainerPorts) {
    this.#ports = ports;
    this.#saving = new SavingClock(ports.now());
  }

  handle(message: ToTrainer): void {
    switch (message.type) {
      case 'probe':
        void this.#probe(message.backend, message.baseUrl);
        return;
      case 'start':
        void this.#run(message);
        return;
      case 'share':
        this.#sharedBy = message.sharedBy;
        void this.#share();
        return;
      case 'pause':
        this.#gate.pause();
        return;
      case 'resume':
        this.#gate.go('running');
        return;
      case 'step':
        this.#gate.go('stepping');
        return;
      case 'weights':
        this.#weightsAsked = true;
        if (!this.#driving || this.#gate.isWaiting) void this.#sendWeights();
        return;
    }
  }

  /** The engine takes its part between two of its calls; one that is still being made takes it then. */
  async #share(): Promise<void> {
    const [engine, before] = [this.#engine, this.#description];
    if (engine === null || before === null || this.#over) return;
    try {
      const now = await this.#ports.shareMachine?.(engine, this.#sharedBy);
      if (now === undefined || now.threads === before.threads || this.#over) return;
      this.#description = { ...before, ...now };
      this.#ports.post({ type: 'engine', engine: this.#description });
    } catch {
      // The engine has been lost, which is told by itself.
    }
  }

  async #probe(backend: RunSettings['run']['backend'], baseUrl: string): Promise<void> {
    try {
      this.#ports.post({ type: 'probed', engine: await this.#ports.describeEngine(backend, baseUrl) });
    } catch (error) {
      this.#fail('engine', error);
    }
  }

  async #run({
    settings: asked,
    baseUrl,
    sharedBy = 1,
    from,
  }: Extract<ToTrainer, { type: 'start' }>): Promise<void> {
    this.#ports.post({ type: 'status', status: 'starting' });
    this.#sharedBy = sharedBy;
    let checkpoint: RunCheckpoint | undefined;
    try {
      checkpoint = from === undefined ? undefined : readRunCheckpoint(from);
    } catch (error) {
      this.#fail('checkpoint', error);
      return;
    }
    if (checkpoint !== undefined) ({ phase: this.#phase, round: this.#round } = checkpoint.position);
    const settings = checkpoint?.settings ?? asked;
    const problems = validateSettings(settings);
    if (problems.length > 0) {
      this.#fail('settings', new Error(problems.map((problem) => problem.message).join(' ')));
      return;
    }
    const boot: BootReport = (message, share) =>
      this.#ports.post({ type: 'boot', message, ...(share === undefined ? {} : { share }) });
    boot('Preparing the policy');
    // Engine and Python start side by side; what Python's start is doing is said once the engine stands.
    let pythonsBoot: () => void = () => undefined;
    let sayPythons = (): void => undefined;
    const startingSandbox = this.#ports.createSandbox(settings, baseUrl, (message, share) => {
      pythonsBoot = () => boot(message, share);
      sayPythons();
    });
    startingSandbox.catch(() => undefined); // told when it is waited for
    const abandonSandbox = () =>
      void startingSandbox.then(
        (started) => started.dispose(),
        () => undefined,
      );
    // A run that goes on has its weights in the checkpoint.
    const loadingBase =
      checkpoint === undefined ? this.#ports.loadBase(settings, baseUrl) : Promise.resolve(null);
    loadingBase.catch(() => undefined); // likewise
    let engine: PolicyEngine;
    let description: EngineDescription;
    let memory: readonly MemoryPart[] | undefined;
    let sandbox: Sandbox;
    let start: StartingWeights | null;
    try {
      ({ engine, description } = await this.#ports.createEngine(settings, { baseUrl, sharedBy }, boot));
      memory = this.#ports.planMemory?.(engine, settings);
    } catch (error) {
      this.#fail('engine', error);
      abandonSandbox();
      return;
    }
    sayPythons = () => pythonsBoot();
    sayPythons();
    this.#engine = engine;
    this.#description = description;
    this.#settings = settings;
    void engine.lost.then((message) => this.#fail('device-lost', new Error(message)));
    try {
      start = await loadingBase;
    } catch (error) {
      this.#fail('base', error);
      abandonSandbox();
      return;
    }
    try {
      sandbox = await startingSandbox;
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
      engine: this.#description,
      sandbox: sandbox.version,
      parameters: parameterCount(engine.config),
      ...(memory === undefined ? {} : { memory }),
      ...(start === null ? {} : { base: start.base }),
    });
    if (this.#sharedBy !== sharedBy) await this.#share();
    const work = runRecipe({
      engine,
      sandbox,
      settings,
      ...(checkpoint === undefined ? {} : { from: checkpoint }),
      ...(start === null ? {} : { initialTensors: start.tensors }),
    });
    try {
      await this.#drive(work, checkpoint === undefined ? null : () => boot('Going back to the checkpoint'));
    } catch (error) {
      await this.#failBy(error);
    } finally {
      sandbox.dispose();
    }
  }

  /** @param announce says what goes on before the first event, where that takes a while */
  async #drive(work: AsyncGenerator<RunTick, void, void>, announce: (() => void) | null): Promise<void> {
    this.#driving = true;
    if (!this.#gate.isPaused) this.#ports.post({ type: 'status', status: 'running' });
    announce?.();
    try {
      for (;;) {
        await this.#waitWhilePaused();
        if (this.#over) return;
        const next = await work.next();
        if (this.#over) return;
        if (next.done === true) break;
        this.#note(next.value);
        await this.#save(next.value);
        if (this.#over) return;
        this.#beat();
        if (this.#weightsAsked) await this.#sendWeights();
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
  async #waitWhilePaused(): Promise<void> {
    if (!this.#gate.isPaused) return;
    this.#flush();
    this.#ports.post({ type: 'status', status: 'paused' });
    await this.#gate.wait();
    if (!this.#over) this.#ports.post({ type: 'status', status: 'running' });
  }

  #note(tick: RunTick): void {
    this.#hasWeights = true;
    for (const event of tick.events) {
      if (event.type === 'phase') this.#phase = event.phase;
      if (event.type === 'round' || event.type === 'phase') this.#round = event.round;
    }
    this.#unsent.push(...tick.events);
    this.#saving.note(tick.events);
    const now = this.#ports.now();
    this.#rate.add(now, tick.tokens);
    if (tick.boundary) this.#gate.reachBoundary();
    // A phase is announced at once: its first step may take long.
    const announces = tick.events.some((event) => event.type === 'phase');
    if (announces || now - this.#lastSent >= sendInterval) this.#flush();
  }

  /** That nothing was told need not mean that nothing is done. */
  #beat(): void {
    const now = this.#ports.now();
    if (now - this.#lastSent < beatInterval) return;
    this.#lastSent = now;
    this.#ports.post({ type: 'beat' });
  }

  #flush(): void {
    if (this.#unsent.length === 0) return;
    this.#ports.post({ type: 'events', events: this.#unsent, tokensPerSecond: this.#rate.perSecond() });
    this.#unsent = [];
    this.#lastSent = this.#ports.now();
  }

  /** Keep a checkpoint of this moment, if the tick offers one and it is time. */
  async #save({ checkpoint }: RunTick): Promise<void> {
    const began = this.#ports.now();
    if (checkpoint === undefined || !this.#saving.isDue(began)) return;
    const taken = await checkpoint();
    if (this.#over) return;
    const bytes = writeRunCheckpoint(taken);
    this.#saving.saved(began, this.#ports.now());
    const { phase, done, round } = taken.position;
    this.#flush();
    this.#ports.post({ type: 'checkpoint', bytes, place: { phase, done, round } }, bytes);
  }

  /** Hand out the weights as they are, or say why that cannot be, also after the run's end. */
  async #sendWeights(): Promise<void> {
    this.#weightsAsked = false;
    const [engine, settings] = [this.#engine, this.#settings];
    if (engine === null || settings === null || !this.#hasWeights) {
      this.#ports.post({ type: 'weightsFailed', message: 'the policy is not prepared yet.' });
      return;
    }
    try {
      const tensors = await engine.readTensors();
      const bytes = writeCheckpoint(
        { config: engine.config, tensors, metadata: { phase: this.#phase, round: String(this.#round) } },
        checkpointContext(settings),
      );
      this.#ports.post({ type: 'weights', bytes, phase: this.#phase, round: this.#round }, bytes);
    } catch (error) {
      const loss = await deviceLoss(engine);
      this.#ports.post({ type: 'weightsFailed', message: loss ?? sentenceOf(error) });
      // A run that is over has ended well all the same; one that goes on ends here.
      if (loss === null) await this.#failBy(error);
      else this.#fail('device-lost', new Error(loss));
    }
  }

  /** A run that threw: because its device was lost, or for a reason of its own. */
  async #failBy(error: unknown): Promise<void> {
    const loss = this.#engine === null ? null : await deviceLoss(this.#engine);
    if (loss === null) this.#fail(failureSource(error), error);
    else this.#fail('device-lost', new Error(loss));
  }

  #fail(source: FailureSource, error: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#flush();
    this.#gate.release();
    this.#ports.post({ type: 'failed', source, message: sentenceOf(error) });
    this.#ports.post({ type: 'status', status: 'failed' });
  }
}

function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
