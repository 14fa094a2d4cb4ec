/**
 * The host of a policy that a person asks: it answers one problem token by token, its calls really run, and says what it finds likely. It
 * knows neither Worker nor DOM: engine, sandbox and line are handed in.
 *
 * A token costs a forward pass over all before it, which a policy of this size does in milliseconds; it is sampled as policy/sampling.ts
 * says, like every engine's. Invariants: askProtocol.ts's.
 */
import type { PolicyEngine } from '../engine/engine.ts';
import type { PolicyConfig } from '../policy/config.ts';
import { sampleToken, uniformAt } from '../policy/sampling.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { pendingCall } from '../tasks/calls.ts';
import type { StopReason, ToolCall, Trajectory } from '../tasks/trajectory.ts';
import { promptTokens, responseTokens } from '../tasks/transcript.ts';
import { reward } from '../tasks/verifier.ts';
import { tokenIds, vocabularySize } from '../tasks/vocabulary.ts';
import { readWeights } from '../train/checkpointFile.ts';
import { runPolicy } from '../train/runPolicy.ts';
import { longestContext, type RunSettings } from '../train/settings.ts';
import type { Alternative, FromAsk, ToAsk } from './askProtocol.ts';

export interface AskPorts {
  readonly post: (message: FromAsk) => void;
  readonly createEngine: (policy: PolicyConfig) => Promise<PolicyEngine>;
  readonly createSandbox: (settings: RunSettings['sandbox'], baseUrl: string) => Promise<Sandbox>;
  /** Lets messages in between two tokens. */
  readonly turn: () => Promise<void>;
}

interface Loaded {
  readonly engine: PolicyEngine;
  readonly settings: RunSettings;
  readonly baseUrl: string;
}

/** Alternatives told at a place. */
const alternativesTold = 5;

export class AskHost {
  readonly #ports: AskPorts;
  #loaded: Loaded | null = null;
  #sandbox: { readonly key: string; readonly started: Promise<Sandbox> } | null = null;
  /** The question that is being answered; another one, or `stop`, takes its place. */
  #question = 0;
  #trajectories = 0;
  /** Messages are served one after another. */
  #tail: Promise<void> = Promise.resolve();

  constructor(ports: AskPorts) {
    this.#ports = ports;
  }

  handle(message: ToAsk): void {
    if (message.type !== 'look') this.#question++;
    if (message.type === 'stop') return;
    const question = this.#question;
    this.#tail = this.#tail.then(async () => {
      try {
        await this.#serve(message, question);
      } catch (error) {
        const sentence = error instanceof Error ? error.message : String(error);
        this.#ports.post({ type: 'failed', id: message.id, message: sentence });
      }
    });
  }

  async #serve(message: Exclude<ToAsk, { type: 'stop' }>, question: number): Promise<void> {
    switch (message.type) {
      case 'load':
        return this.#load(message);
      case 'ask':
        return this.#ask(message, question);
      case 'look':
        return this.#look(message);
    }
  }

  async #load({ id, weights, settings, baseUrl }: Extract<ToAsk, { type: 'load' }>): Promise<void> {
    const tensors = readWeights(weights, settings.policy);
    const before = this.#loaded;
    this.#loaded = null;
    let engine = before?.engine;
    if (engine === undefined || !hasSamePolicy(before?.settings, settings)) {
      engine?.dispose();
      engine = await this.#ports.createEngine(runPolicy(settings.policy));
    }
    await engine.loadTensors(tensors);
    this.#loaded = { engine, settings, baseUrl };
    this.#ports.post({ type: 'loaded', id });
  }

  #python({ settings, baseUrl }: Loaded): Promise<Sandbox> {
    const key = JSON.stringify(settings.sandbox);
    if (this.#sandbox?.key !== key) {
      const old = this.#sandbox?.started;
      void old?.then(
        (sandbox) => sandbox.dispose(),
        () => undefined,
      );
      this.#sandbox = { key, started: this.#ports.createSandbox(settings.sandbox, baseUrl) };
      this.#sandbox.started.catch(() => (this.#sandbox = null)); // the next call tries again
    }
    return this.#sandbox.started;
  }

  async #ask({ id, problem, seed }: Extract<ToAsk, { type: 'ask' }>, question: number): Promise<void> {
    const loaded = this.#needLoaded();
    const { settings } = loaded;
    const context = longestContext(settings);
    const tokens = promptTokens(problem);
    const mask = tokens.map(() => 0);
    const logProbs = tokens.map(() => 0);
    const calls: ToolCall[] = [];
    const own = ++this.#trajectories;
    const write = (token: number, sampled: 0 | 1, logProb: number) => {
      tokens.push(token);
      mask.push(sampled);
      logProbs.push(logProb);
    };
    const sofar = (): Omit<Trajectory, 'stop'> => ({
      problem,
      tokens: Int32Array.from(tokens),
      lossMask: Uint8Array.from(mask),
      logProbs: Float32Array.from(logProbs),
      calls: calls.map((call) => ({ ...call, end: Math.min(call.end, tokens.length) })),
    });
    let stop: StopReason | null = tokens.length >= context ? 'context' : null;
    this.#ports.post({ type: 'written', id, trajectory: sofar() });
    while (stop === null && question === this.#question) {
      const { token, logProb } = await this.#next(loaded, tokens, seed);
      write(token, 1, logProb);
      if (token === tokenIds.imEnd) stop = 'end';
      else if (token === tokenIds.toolCallEnd) {
        const call = pendingCall(tokens);
        if (call !== null && calls.length >= settings.grpo.callBudget) stop = 'budget';
        else {
          this.#ports.post({ type: 'written', id, trajectory: sofar() });
          const result = await this.#run(loaded, own, call?.code ?? null);
          const response = responseTokens(result, settings.sandbox.maxOutputLength);
          if (call !== null) calls.push({ ...call, result, end: tokens.length + response.length });
          if (tokens.length + response.length <= context) for (const forced of response) write(forced, 0, 0);
          if (tokens.length >= context || tokens.at(-1) !== tokenIds.toolResponseEnd) stop = 'context';
        }
      } else if (tokens.length >= context) stop = 'context';
      this.#ports.post({ type: 'written', id, trajectory: sofar() });
      await this.#ports.turn();
    }
    if (calls.length > 0) (await this.#python(loaded)).release([own]);
    const trajectory: Trajectory = { ...sofar(), stop: stop ?? 'context' };
    const right = stop === 'end' && reward(problem, trajectory.tokens) === 1;
    this.#ports.post({ type: 'answered', id, trajectory, stopped: stop === null, right });
  }

  /** The next token, as a rollout of this run samples it. */
  async #next({ engine, settings }: Loaded, tokens: readonly number[], seed: number) {
    const logits = await engine.logits(Int32Array.from(tokens)); // [tokens, vocabulary]
    const offset = (tokens.length - 1) * vocabularySize;
    const sampling = { temperature: settings.grpo.temperature, topP: 1 };
    return sampleToken(logits, offset, vocabularySize, sampling, uniformAt(seed, 0, tokens.length));
  }

  async #run(loaded: Loaded, trajectory: number, code: string | null) {
    if (code === null)
      return { kind: 'format', message: 'The call was closed without having been opened.' } as const;
    const [result] = await (await this.#python(loaded)).run([{ trajectory, code }]);
    if (result === undefined) throw new Error('Python gave no result.');
    return result;
  }

  async #look({ id, tokens }: Extract<ToAsk, { type: 'look' }>): Promise<void> {
    const { engine, settings } = this.#needLoaded();
    const logits = await engine.logits(tokens);
    const temperature = settings.grpo.temperature;
    const places = Array.from(tokens, (_, place) =>
      place === 0
        ? []
        : likeliest(logits.subarray((place - 1) * vocabularySize, place * vocabularySize), temperature),
    );
    this.#ports.post({ type: 'alternatives', id, places });
  }

  #needLoaded(): Loaded {
    if (this.#loaded === null) throw new Error('No policy is loaded; choose one first.');
    return this.#loaded;
  }
}

/** The likeliest tokens by their logits. // [vocabulary] */
export function likeliest(logits: Float32Array, temperature: number): readonly Alternative[] {
  const divisor = temperature === 0 ? 1 : temperature;
  const most = logits.reduce((max, logit) => Math.max(max, logit), -Infinity);
  const weights = Array.from(logits, (logit) => Math.exp((logit - most) / divisor));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights
    .map((weight, token) => ({ token, probability: weight / total }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, alternativesTold);
}

/** Whether an engine that was started for the one serves the other. */
function hasSamePolicy(before: RunSettings | undefined, { policy }: RunSettings): boolean {
  return (
    before !== undefined && before.policy.preset === policy.preset && before.policy.shape === policy.shape
  );
}
