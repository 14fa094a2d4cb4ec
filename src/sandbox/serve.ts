/**
 * A Python worker's message loop, the same in a web worker and in a process of Node.
 *
 * Messages are answered in the order they came; nothing is run before `ready` or after `crashed`. A message costs more than a small cell,
 * so the end of one may wait for the next one's (held.ts).
 */
import { bootInterpreter } from './interpreter.ts';
import type { Interpreter, PythonFiles } from './interpreter.ts';
import { Held } from './held.ts';
import type { BootOptions, FromWorker, ToWorker } from './protocol.ts';

export interface Host {
  readonly files: PythonFiles;
  /** At most `mostAtOnce`, in order. */
  post(messages: readonly FromWorker[]): void;
  /** Gets the memory of a Python that has just started, or null where there is none; before `ready`, so before any cell. */
  readonly keepSnapshot: ((snapshot: Uint8Array | null) => void) | null;
  /** Called once Python runs: takes from this thread's globals what no cell should reach. */
  harden(): void;
}

/** The handler of a worker's incoming messages. */
export function serve(host: Host): (message: ToWorker) => Promise<void> | void {
  let interpreter: Interpreter | null = null;
  const held = new Held((messages) => host.post(messages));

  async function boot(options: BootOptions): Promise<void> {
    try {
      const onSign = () => host.post([{ type: 'progress', progress: { stage: 'start' } }]);
      onSign();
      const { interpreter: started, snapshot } = await bootInterpreter(
        host.files,
        options,
        (result, stateful, lost) => held.finished({ type: 'finished', result, stateful, lost }),
        host.keepSnapshot !== null,
        onSign,
      );
      host.keepSnapshot?.(snapshot);
      interpreter = started;
      host.harden();
      host.post([
        { type: 'progress', progress: { stage: 'ready' } },
        { type: 'ready', version: interpreter.version },
      ]);
    } catch (error) {
      host.post([{ type: 'unavailable', reason: reasonOf(error) }]);
    }
  }

  return (message) => {
    try {
      switch (message.type) {
        case 'boot':
          return boot(message);
        case 'run':
          if (message.release.length > 0) {
            interpreter?.release(message.release);
            held.released(message.release);
          }
          held.begin(message.cells);
          interpreter?.run(message.cells);
          held.end({ type: 'done', heapBytes: interpreter?.heapBytes() ?? 0 });
          return;
      }
    } catch (error) {
      held.end({ type: 'crashed', reason: reasonOf(error) });
    }
  };
}

/** The last line of an error's message; a Python traceback's first lines are of no use to a reader of the page. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return (text.trim().split('\n').at(-1) ?? text).slice(0, 1000);
}
