/**
 * Pyodide with the driver inside it: what every Python worker runs, in the browser and in Node.
 *
 * Invariant: a cell's deadline is set before it starts and is gone before its result is posted, so an interrupt never
 * strikes between cells. Interrupts need no SharedArrayBuffer: CPython polls index 0 of the interrupt buffer, and that
 * index is an accessor which compares the clock with the deadline, and which fires once per arming.
 *
 * What is covered: one namespace per trajectory; allow-listed builtins and modules (guard.py); a deadline per cell and
 * a watchdog around it (pool.ts); a cap on the heap; no clock, no entropy, no files; in the browser no network.
 *
 * What is NOT protected. This is a sandbox against accidents and against what a small trained model writes, not against
 * a determined attacker:
 *  - CPython's introspection has known ways around any source check; guard.py closes the known short ones only.
 *  - Behind them lies JavaScript with the worker's rights. fetch, storage, sockets and workers are removed from its
 *    globals, but `import()` of a URL is syntax and cannot be; only a Content-Security-Policy header of the host can.
 *  - In Node the worker thread can still reach the file system and processes through Node's own modules.
 *  - The heap is shared: a trajectory that hoards memory can make another's cell end in `memory`.
 *  - Suspended generators of released trajectories are closed whenever Python collects them.
 *  - Timing is real: whether a cell that needs about a deadline ends `ok` or `timeout` depends on the machine.
 */
import type { PyodideInterface, loadPyodide as LoadPyodide } from 'pyodide';
import type { ExecutionResult } from './sandbox.ts';
import type { BootOptions, WireCell } from './protocol.ts';

export interface DriverSources {
  readonly guard: string;
  readonly driver: string;
}

export interface Interpreter {
  /** e.g. "Pyodide 314.0.7, Python 3.14.2". */
  readonly version: string;
  /** Blocks until the batch has run; calls `onFinished` once per cell as it ends. Throws if the interpreter breaks. */
  run(cells: readonly WireCell[]): void;
  release(trajectories: readonly number[]): void;
  heapBytes(): number;
}

export interface InterpreterEvents {
  readonly onFinished: (result: ExecutionResult, stateful: boolean) => void;
  readonly onRebuilding: () => void;
}

/** Deadlines given to a cell that ran before and is run again to rebuild a namespace; as in driver.py. */
export const replayPatience = 4;

type Report = (position: number, kind: string, text: string, output: string, stateful: boolean) => void;

interface Driver {
  run_batch(payload: string): void;
  release(payload: string): void;
  install(
    arm: (deadlines: number) => void,
    disarm: () => void,
    report: Report,
    maxCodeLength: number,
    maxOutputLength: number,
  ): void;
}

/** Makes `WebAssembly.Memory.grow` fail beyond `bytes`, which Python sees as a MemoryError. Affects this thread only. */
function capHeap(bytes: number): void {
  const memory = WebAssembly.Memory.prototype;
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its memory below
  const grow = memory.grow;
  memory.grow = function (this: WebAssembly.Memory, pages: number): number {
    if (this.buffer.byteLength + pages * 65536 > bytes) throw new RangeError('The heap limit is reached.');
    return grow.call(this, pages);
  };
}

/** Modules that lead from Python to JavaScript or to Pyodide's internals. */
const bridges = /^(js|pyodide_js|_?pyodide.*|micropip|webbrowser)(\.|$)/.source;

const bootstrap = `
import re, sys, types
def load(name, source, **names):
    module = types.ModuleType(name)
    vars(module).update(names)
    exec(compile(source, name + ".py", "exec"), vars(module))
    return module
guard = load("guard", guard_source)
driver = load("driver", driver_source, guard=guard)
version = sys.version.split()[0]
`;

const severance = `
for name in [name for name in sys.modules if re.match(bridges, name)]:
    del sys.modules[name]
`;

/** Boots Python and installs the driver. Throws whatever Pyodide throws when a file is missing. */
export async function bootInterpreter(
  loadPyodide: typeof LoadPyodide,
  sources: DriverSources,
  options: BootOptions,
  events: InterpreterEvents,
): Promise<Interpreter> {
  capHeap(options.heapLimitBytes);
  const python = await loadPyodide({
    indexURL: options.location,
    // Sets of strings must come out in the same order in every worker.
    env: { PYTHONHASHSEED: '0', HOME: '/home/pyodide' },
    stdout: () => undefined,
    stderr: () => undefined,
  });
  const names = python.toPy({ guard_source: sources.guard, driver_source: sources.driver, bridges }) as {
    get(name: string): unknown;
    destroy(): void;
  };
  const run = (code: string) => void python.runPython(code, { globals: names as never });
  run(bootstrap);
  const driver = names.get('driver') as Driver;
  const version = `Pyodide ${python.version}, Python ${String(names.get('version'))}`;

  let cells: readonly WireCell[] = [];
  let position = 0;
  let deadline = Infinity;
  python.setInterruptBuffer(
    accessorBuffer(() => {
      if (performance.now() < deadline) return false;
      deadline = Infinity;
      return true;
    }),
  );

  const { deadlineMs, maxCodeLength, maxOutputLength } = options.settings;
  driver.install(
    (deadlines) => {
      if (deadlines > 1) events.onRebuilding();
      const patience = cells[position]?.replay === true ? replayPatience : deadlines;
      deadline = performance.now() + patience * deadlineMs;
    },
    () => {
      deadline = Infinity;
    },
    (reported, kind, text, output, stateful) => {
      deadline = Infinity;
      // A late interrupt can make the driver report a cell again; the first report stands.
      if (reported !== position) return;
      position++;
      events.onFinished(toResult(kind, text, output, deadlineMs), stateful);
    },
    maxCodeLength,
    maxOutputLength,
  );
  run(severance);
  python.unregisterJsModule('js');
  python.unregisterJsModule('pyodide_js');
  names.destroy();

  return {
    version,
    run(batch) {
      cells = batch;
      position = 0;
      driver.run_batch(JSON.stringify(batch.map(({ trajectory, index, code }) => [trajectory, index, code])));
    },
    release(trajectories) {
      cells = [];
      driver.release(JSON.stringify(trajectories));
      deadline = Infinity;
    },
    heapBytes: () => heapBytes(python),
  };
}

/** An interrupt buffer whose index 0 asks `fires` each time CPython looks; 2 is SIGINT. */
function accessorBuffer(fires: () => boolean): Uint8Array {
  const buffer = {
    get 0() {
      return fires() ? 2 : 0;
    },
    set 0(_handled: number) {
      // CPython writes 0 back; there is nothing to clear.
    },
  };
  return buffer as unknown as Uint8Array;
}

function heapBytes(python: PyodideInterface): number {
  const internals = (python as unknown as { _module: { HEAP8: Int8Array } })._module;
  return internals.HEAP8.byteLength;
}

function toResult(kind: string, text: string, output: string, deadlineMs: number): ExecutionResult {
  switch (kind) {
    case 'ok':
      return { kind, output: text };
    case 'error':
      return { kind, message: text, output };
    case 'timeout':
      return { kind, deadlineMs };
    case 'memory':
    case 'format':
      return { kind, message: text };
    default:
      throw new Error(`The driver reported a result of unknown kind "${kind}".`);
  }
}
