/** Test fixture: hardens itself, then says what of the outside is left. */
import { harden } from '../harden.ts';

const post = self.postMessage.bind(self);
const functionConstructors = [() => 0, async () => {}, function* () {}, async function* () {}];

harden();

const scope = globalThis as Record<string, unknown>;
const reachable = [
  'fetch',
  'XMLHttpRequest',
  'WebSocket',
  'EventSource',
  'indexedDB',
  'caches',
  'importScripts',
  'Worker',
  'BroadcastChannel',
  'navigator',
  'postMessage',
  'eval',
].filter((name) => scope[name] !== undefined);

const made = functionConstructors.map((sample) => {
  const construct = sample.constructor as unknown as (code: string) => unknown;
  return typeof construct('return 1');
});

post({ reachable, made, stillWorks: [1, 2].map((x) => x * 2), isFunction: harden instanceof Function });
