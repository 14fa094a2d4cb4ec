/** Test fixture: a worker that starts the sandbox in workers of its own, as the trainer does. */
import { createBrowserSandbox } from '../browserSandbox.ts';

const settings = { deadlineMs: 5000, maxCodeLength: 100, maxOutputLength: 100 };
const sandbox = await createBrowserSandbox({ baseUrl: '/', settings });
const results = await sandbox.run([{ trajectory: 1, code: '37*2' }]);
sandbox.dispose();
self.postMessage(results);
