import * as tf from '@tensorflow/tfjs-core';
import { createTfjsEngine } from './tfjsEngine.ts';
import { policyConfig } from '../../policy/config.ts';
import { initialiseTensors } from '../../policy/initialise.ts';
import { Random } from '../../random/random.ts';
const backend = process.argv[2] ?? 'wasm';
const preset = process.argv[3] ?? 'mini';
const mode = process.argv[4] ?? 'train';
const config = policyConfig(preset as 'mini', 60);
const e = await createTfjsEngine({ config, preferredBackends: [backend as 'wasm'] });
await e.loadTensors(initialiseTensors(config, new Random(1)));
const r = new Random(2);
const seqs = Array.from({ length: 32 }, () => {
  const n = r.integer(70, 110);
  return {
    tokens: Int32Array.from({ length: n }, () => r.integer(9, 59)),
    lossMask: Uint8Array.from({ length: n }, (_, t) => (t > 30 ? 1 : 0)),
  };
});
const opt = { learningRate: 1e-3, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.01, maxGradNorm: 1 };
const cpu = () => {
  const u = process.cpuUsage();
  return (u.user + u.system) / 1000;
};
const stats = new Map<string, [number, number, number]>();
const eng = tf.engine() as any;
const go = async () => {
  if (mode === 'train') await e.step({ kind: 'sft', sequences: seqs }, opt);
  else {
    const s = e.startRollout({
      sampling: { temperature: 1, topP: 1 },
      seed: 1,
      context: 112,
      turnEndTokens: [],
      endTokens: [],
    });
    s.add(
      Array.from({ length: 64 }, (_, id) => ({
        id,
        prompt: Array.from({ length: 30 }, (_, i) => 9 + (((id >> 3) * 7 + i) % 50)),
      })),
    );
    while (s.live > 0) await s.advance();
    s.dispose();
  }
};
await go();
const c0 = cpu();
await go();
const total = cpu() - c0;
const orig = eng.runKernelFunc.bind(eng);
let depth = 0;
eng.runKernelFunc = (p: any) => {
  if (p.kernelName === undefined) return orig(p);
  const t = process.hrtime.bigint();
  const o = orig(p);
  const dt = Number(process.hrtime.bigint() - t) / 1e6;
  const ins = Object.values(p.inputs)
    .flat()
    .map((x: any) => x?.shape?.join('x'))
    .join(' ');
  const k =
    p.kernelName +
    (process.argv[5] ? ` ${ins} ${p.attrs?.transposeA ? 'TA' : ''}${p.attrs?.transposeB ? 'TB' : ''}` : '');
  const s = stats.get(k) ?? [0, 0, 0];
  s[0]++;
  s[1] += dt;
  stats.set(k, s);
  return o;
};
await go();
console.log('total cpu ms', total.toFixed(0));
const rows = [...stats].sort((a, b) => b[1][1] - a[1][1]).slice(0, 22);
for (const [k, [n, ms]] of rows)
  console.log(k.slice(0, 70).padEnd(70), n, ms.toFixed(1), 'ms', ((ms / n) * 1000).toFixed(0), 'us');
console.log(
  'ops',
  [...stats.values()].reduce((a, s) => a + s[0], 0),
  'ms',
  [...stats.values()].reduce((a, s) => a + s[1], 0).toFixed(0),
);
