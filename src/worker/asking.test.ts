/**
 * The host on our own kernels, with a policy of random weights, and on a scripted one where an answer is needed.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { createSimdEngine } from '../engine/simd/simdEngine.ts';
import type { PolicyEngine } from '../engine/engine.ts';
import { writeCheckpoint } from '../policy/checkpoint.ts';
import { policyConfig } from '../policy/config.ts';
import { initialiseTensors } from '../policy/initialise.ts';
import { Random } from '../random/random.ts';
import { readProblem } from '../tasks/askedProblem.ts';
import { chainTask } from '../tasks/testing/teacher.ts';
import { encodeText, tokenIds, vocabularySize } from '../tasks/vocabulary.ts';
import { checkpointContext } from '../train/checkpointFile.ts';
import { rollOut } from '../train/rollout.ts';
import { defaultSettings, longestContext, type RunSettings } from '../train/settings.ts';
import { ArithmeticSandbox } from '../train/testing/arithmeticSandbox.ts';
import { ScriptedEngine } from '../train/testing/scriptedEngine.ts';
import { drain } from '../train/ticks.ts';
import { AskHost, likeliest } from './asking.ts';
import type { FromAsk } from './askProtocol.ts';

const settings: RunSettings = {
  ...defaultSettings,
  policy: { ...defaultSettings.policy, preset: 'micro' },
  evaluation: { ...defaultSettings.evaluation, shortContext: 64, longContext: 64 },
  stage1: { ...defaultSettings.stage1, context: 64 },
  stage2: { ...defaultSettings.stage2, context: 64 },
};
const config = policyConfig('micro', vocabularySize);
const tensors = initialiseTensors(config, new Random(3));
const weights = writeCheckpoint({ config, tensors, metadata: {} }, checkpointContext(settings));
const asked = readProblem('37 *2 +15', chainTask);
if (!asked.ok) throw new Error(asked.message);
const { problem } = asked;

const engines: PolicyEngine[] = [];
const simd = async () => {
  const engine = await createSimdEngine({ config, threads: 1 });
  engines.push(engine);
  return engine;
};
afterAll(() => engines.forEach((engine) => engine.dispose()));

/** Says one token after another of a script, whatever it is asked. */
function scripted(script: readonly number[], prompt: number): () => Promise<PolicyEngine> {
  return async () => {
    const logits = async (tokens: Int32Array) => {
      const rows = new Float32Array(tokens.length * vocabularySize);
      const next = script[tokens.length - prompt] ?? tokenIds.imEnd;
      rows[(tokens.length - 1) * vocabularySize + next] = 60;
      return rows;
    };
    return Object.assign(new ScriptedEngine(() => []), { logits });
  };
}

function open(createEngine: () => Promise<PolicyEngine>) {
  const messages: FromAsk[] = [];
  const sandbox = new ArithmeticSandbox();
  let turn: () => void = () => undefined;
  const host = new AskHost({
    post: (message) => messages.push(message),
    createEngine,
    createSandbox: async () => sandbox,
    turn: async () => turn(),
  });
  const until = async (is: (message: FromAsk) => boolean): Promise<FromAsk> => {
    for (;;) {
      const found = messages.find(is);
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  };
  return { host, messages, sandbox, until, onTurn: (next: () => void) => (turn = next) };
}

describe('a policy that is asked', () => {
  it('answers as a rollout samples, a token at a time', async () => {
    const { host, messages, until } = open(simd);
    host.handle({ type: 'load', id: 1, weights, settings, baseUrl: '' });
    host.handle({ type: 'ask', id: 2, problem, seed: 9 });
    const answer = await until(({ type }) => type === 'answered');
    if (answer.type !== 'answered') throw new Error('No answer.');
    const engine = await simd();
    await engine.loadTensors(tensors);
    const plan = {
      problems: [problem],
      sampling: { temperature: 1, topP: 1 },
      seed: 9,
      context: longestContext(settings),
      callBudget: settings.grpo.callBudget,
      maxOutputLength: settings.sandbox.maxOutputLength,
    };
    const [rolled] = await drain(rollOut(engine, new ArithmeticSandbox(), 0, plan));
    expect([...answer.trajectory.tokens]).toEqual([...(rolled?.tokens ?? [])]);
    expect([...answer.trajectory.lossMask]).toEqual([...(rolled?.lossMask ?? [])]);
    expect(answer.trajectory.stop).toBe(rolled?.stop);
    const lengths = messages.flatMap((one) => (one.type === 'written' ? [one.trajectory.tokens.length] : []));
    expect(lengths.length).toBeGreaterThan(5);
    expect(lengths).toEqual(lengths.toSorted((a, b) => a - b));
  });

  it('runs its calls, and says whether it was right', async () => {
    const script = [
      ...[tokenIds.toolCall, ...encodeText('37*2'), tokenIds.toolCallEnd],
      ...[tokenIds.toolResponse, ...encodeText('74'), tokenIds.toolResponseEnd], // forced: never asked for
      ...[tokenIds.thinkEnd, ...encodeText('89'), tokenIds.imEnd],
    ];
    const { host, sandbox, until } = open(scripted(script, 2 + problem.question.length));
    host.handle({ type: 'load', id: 1, weights, settings, baseUrl: '' });
    host.handle({ type: 'ask', id: 2, problem, seed: 1 });
    expect(await until(({ type }) => type === 'answered')).toMatchObject({
      id: 2,
      stopped: false,
      right: true,
      trajectory: { stop: 'end', calls: [{ code: '37*2', result: { kind: 'ok', output: '74\n' } }] },
    });
    expect(sandbox.batches).toHaveLength(1);
    expect(sandbox.released).toHaveLength(1);
  });

  it('stops when asked to, and when it is asked something else', async () => {
    const rambling = new Array<number>(500).fill(encodeText('a')[0] ?? 0);
    const { host, until, onTurn } = open(scripted(rambling, 2 + problem.question.length));
    host.handle({ type: 'load', id: 1, weights, settings, baseUrl: '' });
    host.handle({ type: 'ask', id: 2, problem, seed: 1 });
    let turns = 0;
    onTurn(() => {
      if (++turns === 5) host.handle({ type: 'stop' });
    });
    expect(await until((one) => one.type === 'answered' && one.id === 2)).toMatchObject({
      stopped: true,
      right: false,
    });
    host.handle({ type: 'ask', id: 3, problem, seed: 1 });
    expect(await until((one) => one.type === 'answered' && one.id === 3)).toMatchObject({
      stopped: false,
      trajectory: { stop: 'context' },
    });
  });

  it('says in a sentence what is wrong', async () => {
    const { host, until } = open(simd);
    host.handle({ type: 'ask', id: 1, problem, seed: 1 });
    expect(await until((one) => one.type === 'failed' && one.id === 1)).toMatchObject({
      message: 'No policy is loaded; choose one first.',
    });
    host.handle({ type: 'load', id: 2, weights: new Uint8Array(4), settings, baseUrl: '' });
    expect(await until((one) => one.type === 'failed' && one.id === 2)).toMatchObject({
      message: expect.stringContaining('not a safetensors file') as string,
    });
  });

  it('tells what it finds likely at every place', async () => {
    const { host, until } = open(simd);
    host.handle({ type: 'load', id: 1, weights, settings, baseUrl: '' });
    const tokens = Int32Array.of(tokenIds.imStart, ...encodeText('37 a*2 '), tokenIds.think);
    host.handle({ type: 'look', id: 2, tokens });
    const told = await until(({ type }) => type === 'alternatives');
    if (told.type !== 'alternatives') throw new Error('Nothing told.');
    expect(told.places).toHaveLength(tokens.length);
    expect(told.places[0]).toEqual([]);
    const [engine] = engines.slice(-1);
    const logProbs = (await engine?.logProbs([{ tokens }], 1))?.[0]?.logProbs;
    told.places.slice(1).forEach((place, i) => {
      expect(place).toHaveLength(5);
      const taken = place.find(({ token }) => token === tokens[i + 1]);
      if (taken !== undefined) expect(Math.log(taken.probability)).toBeCloseTo(logProbs?.[i + 1] ?? NaN, 3);
    });
    expect(likeliest(Float32Array.of(0, 3, 1), 1).map(({ token }) => token)).toEqual([1, 2, 0]);
  });
});
