/**
 * PyTorch in the speed test: the script src/bench/peers/torch_peer.py in a Python of the user's, asked over a pipe.
 *
 * It computes in a process of its own and tells its own times, so the pipe costs nothing that is measured. Before a cell it tries every
 * number of threads and stays with the fastest.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { tokensOf, type Contestant, type ContestWork } from '../bench/peers/contestant.ts';
import script from '../bench/peers/torch_peer.py?raw';
import type { PolicyConfig } from '../policy/config.ts';
import { writeSafetensors } from '../policy/safetensors.ts';

/** PyTorch cannot take part; `message` is a sentence for people. */
export class TorchPeerError extends Error {
  override readonly name = 'TorchPeerError';
}

/** What an answer may hold. */
interface Answer {
  readonly torch?: string;
  readonly cores?: number;
  readonly loss?: number;
  readonly tokens?: number;
  readonly milliseconds?: number;
}

/** @param python a command whose Python has torch and numpy */
export async function startTorchPeer(python: string, config: PolicyConfig): Promise<Contestant> {
  const child = spawn(python, ['-c', script, '--serve'], { stdio: ['pipe', 'pipe', 'pipe'] });
  let complaints = '';
  child.stderr.on('data', (text: Buffer) => (complaints = `${complaints}${text.toString()}`.slice(-2000)));
  child.stdin.on('error', () => undefined); // its end is told by its answers'
  const gone = new Promise<never>((_, reject) => {
    const give = (why: string) =>
      reject(new TorchPeerError(`PyTorch could not be compared: ${python} ${why}. ${lastLine(complaints)}`));
    child.on('error', (error) => give(`did not start (${error.message})`));
    child.on('close', () => give('ended'));
  });
  gone.catch(() => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<Answer> => {
    const line = await Promise.race([lines.next(), gone]);
    if (line.done === true) return gone;
    return JSON.parse(line.value) as Answer;
  };
  const ask = (request: object): Promise<Answer> => {
    child.stdin.write(`${JSON.stringify(request)}\n`);
    return next();
  };
  const { torch, cores = 1 } = await next();
  const folder = mkdtempSync(join(tmpdir(), 'aster-torch-'));
  let threads = 1;
  const runOn = async (work: ContestWork, count: number) => {
    const { loss, tokens, milliseconds } = await ask(
      work.kind === 'rollout'
        ? { operation: 'rollout', threads: count }
        : { operation: 'step', kind: work.kind, threads: count },
    );
    if (milliseconds === undefined) throw new TorchPeerError('PyTorch’s answer has no time.');
    return {
      milliseconds,
      loss: loss ?? null,
      tokens: work.kind === 'rollout' ? tokens! : tokensOf(work.batch),
    };
  };
  return {
    name: 'torch',
    get label() {
      return `PyTorch ${torch ?? ''} eager, ${threads} of 1 to ${cores} threads`;
    },
    does: () => true,
    load: async (weights) => {
      const path = join(folder, 'weights.safetensors');
      const tensors = [...weights].map(([name, tensor]) => [name, { dtype: 'F32', ...tensor }] as const);
      writeFileSync(path, writeSafetensors({ tensors: new Map(tensors), metadata: {} }));
      await ask({ operation: 'load', config, weights: path });
    },
    prepare: async (work) => {
      await ask(requestOf(work));
      const tried: number[] = [];
      for (let count = 1; count <= cores; count++) {
        await runOn(work, count);
        const [first, second] = [await runOn(work, count), await runOn(work, count)];
        tried.push(Math.min(first.milliseconds, second.milliseconds));
      }
      threads = tried.indexOf(Math.min(...tried)) + 1;
    },
    run: (work) => runOn(work, threads),
    dispose: () => {
      child.stdin.end();
      rmSync(folder, { recursive: true });
    },
  };
}

function requestOf(work: ContestWork): object {
  if (work.kind === 'rollout') {
    const { prompts, options, calls, result } = work.work;
    return {
      operation: 'work',
      work: {
        prompts,
        calls,
        context: options.context,
        turnEndTokens: options.turnEndTokens,
        results: prompts.map((_, id) => Array.from({ length: calls[id]! }, (_, call) => result(id, call))),
      },
    };
  }
  return {
    operation: 'batch',
    batch: {
      tokens: work.batch.map(({ tokens }) => [...tokens]),
      mask: work.batch.map(({ lossMask }) => [...lossMask]),
      old: work.batch.map(({ oldLogProbs }) => [...oldLogProbs]),
      sampler: work.batch.map(({ samplerLogProbs }) => [...samplerLogProbs]),
      advantage: work.batch.map(({ advantage }) => advantage),
    },
  };
}

const lastLine = (text: string) => text.trim().split('\n').at(-1) ?? '';
