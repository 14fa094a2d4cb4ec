/**
 * A Python worker's message loop, the same in a web worker and in a Node worker thread.
 *
 * Messages are answered in the order they came; nothing is run before `ready` or after `crashed`.
 */
import { bootInterpreter } from './interpreter.ts';
import type { DriverSources, Interpreter } from './interpreter.ts';
import type { BootOptions, FromWorker, ToWorker } from './protocol.ts';
import type { loadPyodide as LoadPyodide } from 'pyodide';

export interface Host {
  readonly sources: DriverSources;
  post(message: FromWorker): void;
  /** Loads Pyodide's loader; may report `download` progress on the way. */
  load(options: BootOptions): Promise<typeof LoadPyodide>;
  /** Called once Python runs: takes from this thread's globals what no cell should reach. */
  harden(): void;
}

/** The handler of a worker's incoming messages. */
export function serve(host: Host): (message: ToWorker) => void {
  let interpreter: Interpreter | null = null;

  async function boot(options: BootOptions): Promise<void> {
    try {
      const loadPyodide = await host.load(options);
      host.post({ type: 'progress', progress: { stage: 'start' } });
      interpreter = await bootInterpreter(loadPyodide, host.sources, options, {
        onFinished: (result, stateful) => host.post({ type: 'finished', result, stateful }),
        onRebuilding: () => host.post({ type: 'rebuilding' }),
      });
      host.harden();
      host.post({ type: 'progress', progress: { stage: 'ready' } });
      host.post({ type: 'ready', version: interpreter.version });
    } catch (error) {
      host.post({ type: 'unavailable', reason: reasonOf(error) });
    }
  }

  return (message) => {
    try {
      switch (message.type) {
        case 'boot':
          void boot(message);
          return;
        case 'run':
          interpreter?.run(message.cells);
          host.post({ type: 'done', heapBytes: interpreter?.heapBytes() ?? 0 });
          return;
        case 'release':
          interpreter?.release(message.trajectories);
          return;
      }
    } catch (error) {
      host.post({ type: 'crashed', reason: reasonOf(error) });
    }
  };
}

/** The last line of an error's message; a Python traceback's first lines are of no use to a reader of the page. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.trim().split('\n').at(-1) ?? text;
}
