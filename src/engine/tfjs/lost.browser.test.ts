import { expect, it } from 'vitest';
import { policyConfig } from '../../policy/config.ts';
import { initialiseTensors } from '../../policy/initialise.ts';
import { Random } from '../../random/random.ts';
import { createTfjsEngine } from './tfjsEngine.ts';

const config = policyConfig('micro', 12);

/** The devices that adapters hand out from now on. */
function watchDevices(): GPUDevice[] {
  const devices: GPUDevice[] = [];
  const prototype = GPUAdapter.prototype;
  // oxlint-disable-next-line @typescript-eslint/unbound-method -- called with its own `this` below
  const original = prototype.requestDevice;
  prototype.requestDevice = async function (descriptor) {
    const device = await original.call(this, descriptor);
    devices.push(device);
    return device;
  };
  return devices;
}

it('says in words why WebGPU does not run', async () => {
  const { gpu } = navigator;
  const original = gpu.requestAdapter.bind(gpu);
  gpu.requestAdapter = () => Promise.resolve(null);
  const engine = await createTfjsEngine({ config, preferredBackends: ['webgpu', 'cpu'] });
  gpu.requestAdapter = original;
  expect(engine.description.backend).toBe('cpu');
  expect(engine.description.reason).toBe(
    'The browser has WebGPU but offers no adapter for it; so the portable engine runs on plain JavaScript.',
  );
  engine.dispose();
});

it('says in words that the device was lost, and the next engine gets a new one', async () => {
  const devices = watchDevices();
  const engine = await createTfjsEngine({ config, preferredBackends: ['webgpu'] });
  const tensors = initialiseTensors(config, new Random(1));
  await engine.loadTensors(tensors);
  devices[0]?.destroy();
  expect(await engine.lost).toMatch(/GPU device was lost/);
  engine.dispose();
  const next = await createTfjsEngine({ config, preferredBackends: ['webgpu'] });
  expect(devices.length).toBe(2);
  await next.loadTensors(tensors);
  expect((await next.readTensors()).get('model.embed_tokens.weight')).toEqual(
    tensors.get('model.embed_tokens.weight'),
  );
  next.dispose();
});
