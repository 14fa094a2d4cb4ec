/**
 * Pyodide with the driver inside it: what every Python worker runs, in the browser and in Node.
 *
 * Invariant: a cell's deadline is set before it starts and is gone before its result is posted, so an interrupt never
 * strikes between cells. Interrupts need no SharedArrayBuffer: CPython polls index 0 of the interrupt buffer, and that
 * index is an accessor which compares the clock with the deadline, and which fires once per arming.
 *
 * A start takes seconds of processor time, so a worker begins with the memory of another one as it was before its first cell: the page's
 * was made when the page was built (build/memoryPlugin.ts), Node's by the first worker of all. That is Pyodide's private interface: where
 * it fails, workers start from the beginning.
 *
 * What is promised, and by which wall: README.md beside this file.
 */
import type { PyodideInterface, loadPyodide as LoadPyodide } from 'pyodide';
import type { ExecutionResult } from './sandbox.ts';
import type { BootOptions, WireCell } from './protocol.ts';
import type { PythonSources } from './sources.ts';

/** What a worker was handed to start from. */
export interface PythonFiles {
  readonly sources: Pick<PythonSources, 'driver' | 'guard'>;
  readonly loadPyodide: typeof LoadPyodide;
  /** Where Pyodide finds its own files. */
  readonly config: NonNullable<Parameters<typeof LoadPyodide>[0]>;
  /** Another worker's memory to begin with. */
  readonly snapshot: Uint8Array | null;
}

export interface Interpreter {
  /** e.g. "Pyodide 314.0.7, Python 3.14.2". */
  readonly version: string;
  /** Blocks until the batch has run; calls `onFinished` once per cell as it ends. Throws if the interpreter breaks. */
  run(cells: readonly WireCell[]): void;
  release(trajectories: readonly number[]): void;
  heapBytes(): number;
}

type OnFinished = (result: ExecutionResult, stateful: boolean, lost: boolean) => void;

type Report = (
  position: number,
  kind: string,
  text: string,
  output: string,
  stateful: boolean,
  lost: boolean,
) => void;

interface Driver {
  run_batch(payload: string): void;
  release(payload: string): void;
  install(
    arm: (rebuilding: boolean) => void,
    report: Report,
    maxCodeLength: number,
    maxOutputLength: number,
  ): void;
}

/** Makes `WebAssembly.Memory.grow` fail beyond `bytes`, which Python sees as a MemoryError. Affects this thread only. */
function capHeap(bytes: number): void {
  const memory = WebAssembly.Memory.prototype;
  // oxlint-disable-next-line @typescript-eslint/unbound-method -- called with its memory below
  const grow = memory.grow;
  memory.grow = function (this: WebAssembly.Memory, pages: number): number {
    if (this.buffer.byteLength + pages * 65536 > bytes) throw new RangeError('The heap limit is reached.');
    return grow.call(this, pages);
  };
}

/** Modules that lead from Python to JavaScript or to Pyodide's internals. */
const bridges = /^(js|pyodide_js|_?pyodide.*|micropip|webbrowser)(\.|$)/.source;

/** Python text that makes the driver, and leaves it where a worker that begins with this memory finds it. */
const bootstrap = ({ driver, guard }: PythonFiles['sources']) => `
import sys, types
def load(name, source, **names):
    module = types.ModuleType(name)
    vars(module).update(names)
    exec(compile(source, name + ".py", "exec"), vars(module))
    return module
sys.modules["<driver>"] = load("driver", ${JSON.stringify(driver)}, guard=load("guard", ${JSON.stringify(guard)}))
del load, types
`;

const severance = `
import re, sys
driver = sys.modules.pop("<driver>")
version = sys.version.split()[0]
for name in [name for name in sys.modules if re.match(bridges, name)]:
    del sys.modules[name]
`;

interface PrivateOptions {
  readonly _loadSnapshot?: Uint8Array;
  readonly _makeSnapshot?: boolean;
}

/** Pyodide with the driver loaded, and its memory where that is asked for and can be had. */
export async function startPython(
  files: PythonFiles,
  makesSnapshot: boolean,
  onSign: () => void,
): Promise<{ python: PyodideInterface; snapshot: Uint8Array | null }> {
  const load = (options: PrivateOptions) =>
    files.loadPyodide({
      ...files.config,
      // Sets of strings must come out in the same order in every worker.
      env: { PYTHONHASHSEED: '0', HOME: '/home/pyodide' },
      stdout: () => undefined,
      stderr: () => undefined,
      // WebAssembly is compiled by then.
      fsInit: async () => onSign(),
      ...options,
    });
  if (files.snapshot !== null) {
    try {
      const python = await load({ _loadSnapshot: files.snapshot });
      return { python, snapshot: null };
    } catch {
      // Slower, without it.
    }
  }
  const python = await load({ _makeSnapshot: makesSnapshot });
  onSign();
  python.runPython(bootstrap(files.sources));
  let snapshot: Uint8Array | null = null;
  if (makesSnapshot) {
    try {
      snapshot = (python as unknown as { makeMemorySnapshot(): Uint8Array }).makeMemorySnapshot();
    } catch {
      // The others start as this one did.
    }
  }
  return { python, snapshot };
}

/**
 * Boots Python and installs the driver. Throws whatever Pyodide throws when a file is missing.
 *
 * @param onSign called now and then on the way, so that a slow start is not mistaken for none
 */
export async function bootInterpreter(
  files: PythonFiles,
  options: BootOptions,
  onFinished: OnFinished,
  makesSnapshot: boolean,
  onSign: () => void,
): Promise<{ readonly interpreter: Interpreter; readonly snapshot: Uint8Array | null }> {
  capHeap(options.heapLimitBytes);
  const { python, snapshot } = await startPython(files, makesSnapshot, onSign);
  const names = python.toPy({ bridges }) as { get(name: string): unknown; destroy(): void };
  python.runPython(severance, { globals: names as never });
  const driver = names.get('driver') as Driver;
  const version = `Pyodide ${python.version}, Python ${String(names.get('version'))}`;
  names.destroy();

  let cells: readonly WireCell[] = [];
  let position = 0;
  const clock = new CellClock();
  python.setInterruptBuffer(accessorBuffer(() => clock.fires()));

  const { deadlineMs, maxCodeLength, maxOutputLength } = options.settings;
  driver.install(
    (rebuilding) => {
      const cell = cells[position];
      const rebuildMs = cell?.rebuildMs ?? deadlineMs;
      if (rebuilding) clock.rebuild(rebuildMs);
      else clock.cell(cell?.replay === true ? rebuildMs : deadlineMs);
    },
    (reported, kind, text, output, stateful, lost) => {
      clock.stop();
      // A late interrupt can make the driver report a cell again; the first report stands.
      if (reported !== position) return;
      position++;
      onFinished(toResult(kind, text, output, deadlineMs), stateful, lost);
    },
    maxCodeLength,
    maxOutputLength,
  );
  python.unregisterJsModule('js');
  python.unregisterJsModule('pyodide_js');

  const interpreter: Interpreter = {
    version,
    run(batch) {
      cells = batch;
      position = 0;
      driver.run_batch(JSON.stringify(batch.map(({ trajectory, index, code }) => [trajectory, index, code])));
    },
    release(trajectories) {
      cells = [];
      driver.release(JSON.stringify(trajectories));
      clock.stop();
    },
    heapBytes: () => heapBytes(python),
  };
  return { interpreter, snapshot };
}

/** When the interrupt strikes: a cell has one deadline, however often it is armed, and a rebuild before it has its own. */
class CellClock {
  #deadline = Infinity;
  #started = -Infinity;
  #rebuildStarted: number | null = null;

  fires(): boolean {
    if (performance.now() < this.#deadline) return false;
    this.#deadline = Infinity;
    return true;
  }

  cell(milliseconds: number): void {
    const now = performance.now();
    if (this.#started === -Infinity) this.#started = now;
    if (this.#rebuildStarted !== null) this.#started += now - this.#rebuildStarted;
    this.#rebuildStarted = null;
    this.#deadline = this.#started + milliseconds;
  }

  rebuild(milliseconds: number): void {
    this.#rebuildStarted = performance.now();
    this.#deadline = this.#rebuildStarted + milliseconds;
  }

  stop(): void {
    this.#deadline = Infinity;
    this.#started = -Infinity;
    this.#rebuildStarted = null;
  }
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
