import { describe, expect, it, vi } from 'vitest';
import { readProblem } from '../tasks/askedProblem.ts';
import { chainTask } from '../tasks/testing/teacher.ts';
import { defaultSettings } from '../train/settings.ts';
import { trajectory } from '../train/testing/scoredBatch.ts';
import type { FromAsk, ToAsk } from '../worker/askProtocol.ts';
import { Asker, type AskPort } from './asking.ts';

const asked = readProblem('37 *2', chainTask);
if (!asked.ok) throw new Error(asked.message);

class FakePort implements AskPort {
  readonly posted: ToAsk[] = [];
  tell: (message: FromAsk) => void = () => undefined;
  crash: (message: string) => void = () => undefined;
  terminate = vi.fn();
  post(message: ToAsk): void {
    this.posted.push(message);
    if (message.type === 'load') queueMicrotask(() => this.tell({ type: 'loaded', id: message.id }));
  }
  onMessage(listener: (message: FromAsk) => void): void {
    this.tell = listener;
  }
  onError(listener: (message: string) => void): void {
    this.crash = listener;
  }
}

function open() {
  const ports: FakePort[] = [];
  const asker = new Asker(() => {
    const port = new FakePort();
    ports.push(port);
    return port;
  }, 'https://lab/');
  return { asker, ports };
}

const policy = (key: string) => ({
  key,
  settings: defaultSettings,
  weights: vi.fn(() => Promise.resolve(new Uint8Array(8))),
});
const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

describe('asking a policy', () => {
  it('loads it once, hears it write, and gets its answer', async () => {
    const { asker, ports } = open();
    const one = policy('run-1 3');
    const lengths: number[] = [];
    const answer = asker.ask(one, asked.problem, 7, ({ tokens }) => lengths.push(tokens.length));
    await settled();
    const [port] = ports;
    const request = port?.posted.at(-1);
    expect(port?.posted.map(({ type }) => type)).toEqual(['load', 'ask']);
    if (port === undefined || request?.type !== 'ask') throw new Error('Nothing asked.');
    port.tell({ type: 'written', id: request.id, trajectory: trajectory() });
    port.tell({ type: 'answered', id: request.id, trajectory: trajectory(), right: true, stopped: false });
    expect(await answer).toMatchObject({ right: true, stopped: false });
    expect(lengths).toEqual([trajectory().tokens.length]);
    void asker.look(one, Int32Array.of(1, 2));
    await settled();
    expect(one.weights).toHaveBeenCalledTimes(1);
    void asker.look(policy('run-1 4'), Int32Array.of(1, 2));
    await settled();
    expect(port.posted.map(({ type }) => type)).toEqual(['load', 'ask', 'look', 'load', 'look']);
  });

  it('says what went wrong, and begins afresh', async () => {
    const { asker, ports } = open();
    const one = policy('a');
    const first = asker.look(one, Int32Array.of(1));
    const failing = expect(first).rejects.toThrow('The policy stopped working: out of memory');
    await settled();
    ports[0]?.crash('out of memory');
    await failing;
    expect(ports[0]?.terminate).toHaveBeenCalled();
    const second = asker.look(one, Int32Array.of(1));
    const refused = expect(second).rejects.toThrow('no place');
    await settled();
    expect(ports).toHaveLength(2);
    expect(one.weights).toHaveBeenCalledTimes(2);
    const id = ports[1]?.posted.at(-1);
    if (id?.type !== 'look') throw new Error('Nothing asked.');
    ports[1]?.tell({ type: 'failed', id: id.id, message: 'There is no place for it.' });
    await refused;
    const missing = { ...policy('b'), weights: () => Promise.reject(new Error('They are not there.')) };
    await expect(asker.look(missing, Int32Array.of(1))).rejects.toThrow('They are not there.');
  });
});
