// Trains the smallest preset in Node, on our kernels for processors: node example.mjs
import { createNodeSandbox, createSimdEngine, presetSettings, runPolicy, runRecipe } from 'aster-lab';

const settings = presetSettings('micro');
const engine = await createSimdEngine({ config: runPolicy(settings.policy) });
const sandbox = await createNodeSandbox({ settings: settings.sandbox });
for await (const { events } of runRecipe({ engine, sandbox, settings })) {
  for (const event of events) {
    if (event.type === 'round') console.log(event.phase, event.step, event.values['critic/score/mean']);
  }
}
process.exit();
