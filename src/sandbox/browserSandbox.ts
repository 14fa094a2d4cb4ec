/**
 * The sandbox in a browser: Python in the page's walled frame, asked for at a door (pythonFrame.ts).
 *
 * Works in a page and in a worker. Only a page can make a frame, so a worker is handed its door by the page (`withDoor`, `receiveDoor`).
 */
import { PythonPool } from './pool.ts';
import type { PoolOptions } from './pool.ts';
import { mostAtOnce, type BootProgress, type ToWorker, type WorkerLike } from './protocol.ts';
import type { FromDoor } from './pythonFrame.ts';
import type { SandboxSettings } from './sandbox.ts';

export interface BrowserSandboxOptions extends Pick<PoolOptions, 'recycleHeapBytes' | 'heapLimitBytes'> {
  readonly door: MessagePort;
  readonly settings: SandboxSettings;
  readonly onProgress?: (progress: BootProgress) => void;
  readonly onDispose?: () => void;
}

/** Starts Python behind a door, which several sandboxes may share. Rejects with SandboxUnavailableError where that fails. */
export function createBrowserSandbox({ door, ...options }: BrowserSandboxOptions): Promise<PythonPool> {
  return PythonPool.create({ ...options, spawn: () => callerAt(door).spawn() });
}

/** The first message to a worker that wants a Python. */
export interface DoorMessage {
  readonly type: 'python-door';
}

export const isDoorMessage = (data: unknown): data is DoorMessage =>
  typeof data === 'object' && data !== null && 'type' in data && data.type === 'python-door';

const callers = new WeakMap<MessagePort, Caller>();

function callerAt(door: MessagePort): Caller {
  let caller = callers.get(door);
  if (caller === undefined) callers.set(door, (caller = new Caller(door)));
  return caller;
}

interface Called {
  progress(loadedBytes: number, totalBytes: number | null): void;
  fail(reason: string): void;
}

/** Who asks at a door: it tells the answers apart. */
class Caller {
  readonly #door: MessagePort;
  readonly #called = new Map<number, Called>();
  #ids = 0;

  constructor(door: MessagePort) {
    this.#door = door;
    // From the page itself, which is believed.
    door.onmessage = ({ data }: MessageEvent<FromDoor>) => {
      const called = this.#called.get(data.id);
      if (data.type === 'downloaded') called?.progress(data.loadedBytes, data.totalBytes);
      else called?.fail(data.reason);
    };
  }

  spawn(): WorkerLike {
    const id = ++this.#ids;
    const { port1, port2 } = new MessageChannel();
    const like: WorkerLike = {
      post: (message: ToWorker) => port1.postMessage(message),
      onMessage: () => undefined,
      onFailure: () => undefined,
      terminate: () => {
        this.#called.delete(id);
        port1.close();
        this.#door.postMessage({ type: 'stop', id });
      },
    };
    this.#called.set(id, {
      progress: (loadedBytes, totalBytes) =>
        like.onMessage({ type: 'progress', progress: { stage: 'download', loadedBytes, totalBytes } }),
      fail: (reason) => like.onFailure(reason),
    });
    port1.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (!Array.isArray(data) || data.length > mostAtOnce) like.onMessage(null);
      else for (const message of data as readonly unknown[]) like.onMessage(message);
    };
    port1.onmessageerror = () => like.onMessage(null);
    this.#door.postMessage({ type: 'start', id }, [port2]);
    return like;
  }
}
