/**
 * RMSNorm, SwiGLU and the embedding against float64 at odd sizes, forward and gradient; gradients against central differences
 * of the float64 forward.
 */
import { test } from 'vitest';
import { policyConfig, type PolicyConfig } from '../../../policy/config.ts';
import { describeKernels, expectClose, packed, sumPartials } from '../testing/kernelTesting.ts';
import { backward, rmsNormBackward, swigluBackward } from '../model/modelBackward.ts';
import { embedding, rmsNorm, swigluForward } from '../model/modelForward.ts';
import { differentiate, rmsNormOracle, swigluOracle } from '../testing/oracle.ts';
import { parameterLayout } from '../../layout/parameterLayout.ts';

describeKernels('layers', ({ harness, random, normal, context }) => {
  test.each([
    { rows: 1, d: 1 },
    { rows: 3, d: 7 },
    { rows: 3, d: 65 },
    { rows: 65, d: 3 },
    { rows: 9, d: 33 },
  ])('RMSNorm and its gradients, $rows rows of $d', async ({ rows, d }) => {
    const config = { ...policyConfig('micro', 5), hiddenSize: d };
    const x = normal(rows * d);
    const dy = normal(rows * d);
    const dx = normal(rows * d);
    const layout = parameterLayout(config);
    const place = layout.finalNorm;
    const splits = 2;
    const parameters = normal(layout.size);
    const weight = parameters.slice(place.offset, place.offset + d);
    const out = await harness().run(
      {
        x,
        y: new Float32Array(rows * d),
        inverseRms: new Float32Array(rows),
        dy,
        dx,
        parameters,
        gradientPartials: new Float32Array(splits * layout.size),
      },
      { rows, splits },
      (buffer, uniform) => {
        const c = context(config, splits, buffer, uniform);
        return [
          rmsNorm(c, { x: 'x', y: 'y', inverseRms: 'inverseRms' }, place),
          ...rmsNormBackward(c, { dy: 'dy', x: 'x', inverseRms: 'inverseRms' }, place, true),
        ];
      },
    );
    expectClose(out['y'], rmsNormOracle(x, weight, d, config.rmsNormEps));
    const gradient = differentiate((p) => rmsNormOracle(p, weight, d, config.rmsNormEps), x, dy);
    expectClose(
      out['dx'],
      gradient.map((g, i) => g + dx[i]!),
      1e-4,
    );
    const dWeight = differentiate((p) => rmsNormOracle(x, p, d, config.rmsNormEps), weight, dy);
    const partialsPlace = { splits, stride: layout.size, offset: place.offset };
    expectClose(sumPartials(out['gradientPartials'], partialsPlace, d), dWeight, 1e-4);
  });

  test.each([
    { rows: 1, f: 1 },
    { rows: 7, f: 33 },
    { rows: 65, f: 3 },
  ])('SwiGLU and its gradient, $rows rows of $f', async ({ rows, f }) => {
    const config = { ...policyConfig('micro', 5), intermediateSize: f };
    const gateUp = normal(rows * 2 * f).map((value) => value * 3);
    const dActivation = normal(rows * f);
    const out = await harness().run(
      {
        'layer0.gateUp': gateUp,
        'layer0.activation': new Float32Array(rows * f),
        dActivation,
        dGateUp: new Float32Array(rows * 2 * f),
      },
      { rows },
      (buffer, uniform) => {
        const c = context(config, 1, buffer, uniform);
        return [swigluForward(c, 0), swigluBackward(c, 0)];
      },
    );
    expectClose(out['layer0.activation'], swigluOracle(gateUp, f));
    expectClose(
      out['dGateUp'],
      differentiate((p) => swigluOracle(p, f), gateUp, dActivation),
      1e-4,
    );
  });

  test('embedding and its gradient: rows of one token add up', async () => {
    const { rows, tokens } = packed([7, 3, 33], random);
    const config: PolicyConfig = { ...policyConfig('micro', 5), hiddenSize: 7, layers: 0 };
    const layout = parameterLayout(config);
    const parameters = normal(layout.size);
    const dx = normal(rows * 7);
    const ids = Array.from({ length: rows }, (_, r) => tokens[r * 4]!);
    const order = ids.map((_, r) => r).sort((a, b) => ids[a]! - ids[b]! || a - b);
    const firstRow = Array.from({ length: 6 }, (_, id) => ids.filter((other) => other < id).length);
    const splits = 3;
    const out = await harness().run(
      {
        parameters,
        tokens,
        'layer0.x': new Float32Array(rows * 7),
        dx,
        order: Uint32Array.from(order),
        firstRow: Uint32Array.from(firstRow),
        gradientPartials: new Float32Array(splits * layout.size),
        logits: new Float32Array(rows * 8),
        finalNormed: new Float32Array(rows * 7),
        finalX: normal(rows * 7),
        finalInverseRms: new Float32Array(rows),
        dNormed: new Float32Array(rows * 7),
      },
      { rows, splits },
      (buffer, uniform) => {
        const c = context(config, splits, buffer, uniform);
        return [embedding(c), ...backward(c).slice(-1)];
      },
    );
    expectClose(
      out['layer0.x'],
      ids.flatMap((id) => [...parameters.slice(id * 7, id * 7 + 7)]),
    );
    const want = new Float64Array(5 * 7);
    ids.forEach((id, r) => {
      for (let j = 0; j < 7; j++) want[id * 7 + j] = want[id * 7 + j]! + dx[r * 7 + j]!;
    });
    const partialsPlace = { splits, stride: layout.size, offset: 0 };
    expectClose(sumPartials(out['gradientPartials'], partialsPlace, want.length), want);
  });
});
