/** Test fixture: a worker that runs Python behind the door that it is handed, as the trainer does. */
import { createBrowserSandbox } from '../browserSandbox.ts';

const settings = { deadlineMs: 5000, maxCodeLength: 100, maxOutputLength: 100 };

self.onmessage = async ({ ports: [door] }) => {
  if (door === undefined) throw new Error('No door.');
  const sandbox = await createBrowserSandbox({ door, settings });
  const results = await sandbox.run([{ trajectory: 1, code: '37*2' }]);
  sandbox.dispose();
  self.postMessage(results);
};
