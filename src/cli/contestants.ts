/**
 * Who takes part in the speed test on processors, in Node: our engine on one thread and on all, and the peers that are asked for.
 *
 * A peer that cannot run here is left out with a sentence; our own engine cannot be left out.
 */
import { engineContestant, type Contestant } from '../bench/peers/contestant.ts';
import { createJaxPeer } from '../bench/peers/jaxPeer.ts';
import { createSimdEngine } from '../engine/simd/simdEngine.ts';
import { createTfjsEngine } from '../engine/tfjs/tfjsEngine.ts';
import { createWgslEngine } from '../engine/wgsl/wgslEngine.ts';
import type { PolicyConfig } from '../policy/config.ts';
import { openDawn } from './dawn.ts';
import { wasmFolder } from './engine.ts';
import { startTorchPeer } from './torchPeer.ts';

export const peerNames = ['tfjs', 'jax', 'torch', 'wgsl'] as const;
export type PeerName = (typeof peerNames)[number];

export interface Peers {
  readonly names: readonly PeerName[];
  /** A command whose Python has torch. */
  readonly python: string;
  /** Of our engine when it uses all. */
  readonly threads: number;
}

const now = () => performance.now();

export async function startContestants(
  { names, python, threads }: Peers,
  config: PolicyConfig,
  refuse: (reason: string) => void,
): Promise<Contestant[]> {
  const found: Contestant[] = [];
  const simd = async (name: 'simd1' | 'simd', count: number) => {
    const engine = await createSimdEngine({ config, threads: count });
    found.push(engineContestant(name, engine.description.adapter, engine, now, () => true));
  };
  await simd('simd1', 1);
  if (threads > 1) await simd('simd', threads);
  for (const name of names) {
    try {
      const peer = await startPeer(name, python, config, refuse);
      if (peer) found.push(peer);
    } catch (error) {
      refuse(`${name} was left out: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return found;
}

async function startPeer(
  name: PeerName,
  python: string,
  config: PolicyConfig,
  refuse: (reason: string) => void,
): Promise<Contestant | null> {
  switch (name) {
    case 'tfjs': {
      const engine = await createTfjsEngine({ config, preferredBackends: ['wasm'], wasmPath: wasmFolder() });
      // `small` takes it minutes a step, and rollouts tens of seconds.
      return engineContestant(
        name,
        'TensorFlow.js on WebAssembly, 1 thread',
        engine,
        now,
        (preset, kind) => kind !== 'rollout' && preset !== 'small',
      );
    }
    case 'jax':
      // Grouped-query attention is left out of it.
      return config.heads === config.kvHeads ? createJaxPeer(config, now) : null;
    case 'torch':
      return startTorchPeer(python, config);
    case 'wgsl': {
      const engine = await createWgslEngine({ config, gpu: openDawn() });
      const { adapter, isSoftware } = engine.description;
      if (isSoftware) {
        return engineContestant(name, `wgsl on ${adapter}`, engine, now, (preset) => preset !== 'small');
      }
      engine.dispose();
      refuse(`wgsl was left out: ${adapter} is no processor. Compare it with --on gpu.`);
      return null;
    }
  }
}
