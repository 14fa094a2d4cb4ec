/**
 * The page's side of Python's walls: an iframe with an origin of its own that nothing shares, and a content policy that lets nothing in or
 * out. The page fetches Python's files and hands them in; in the frame run Python's workers, each with one port to its sandbox.
 *
 * Whoever wants a Python, in the page or in one of its workers, has a door: a port on which it asks for workers and has them ended
 * (browserSandbox.ts). Behind a door there is one frame, made at the first question. The frame inherits the page's own policy and its
 * isolation, so that it works on any host and in any folder. It is ended with everything in it when the door is closed, and when it does
 * not end a worker in time.
 */
import frameScript from './frame.js?raw';
import { z } from 'zod';
import { fetchPython, type PythonDownload } from './pythonFiles.ts';
import { pythonSources, type PythonSources } from './sources.ts';

/** What the frame's document allows: its script, WebAssembly, and workers made from text. */
const policy = (hash: string) =>
  `default-src 'none'; script-src 'wasm-unsafe-eval' '${hash}'; worker-src blob:; base-uri 'none'; form-action 'none'`;

/** From a door. `start` comes with the worker's port. */
const askedSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('start'), id: z.number() }),
  z.object({ type: z.literal('stop'), id: z.number() }),
  z.object({ type: z.literal('close') }),
]);

/** From the frame, whose script is ours and runs no cell. */
const answeredSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('failed'), id: z.number(), reason: z.string().max(1000) }),
  z.object({ type: z.literal('stopped'), id: z.number() }),
]);

/** Patience with a frame that was told to end a worker, milliseconds. */
const stopPatience = 2000;

export interface PythonDoor {
  /** To be handed to whoever wants a Python. */
  readonly port: MessagePort;
  /** Ends every Python behind it. */
  readonly close: () => void;
}

/** @param baseUrl where the page is served from; Python's files lie in `pyodide/` below it */
export function openPythonDoor(baseUrl: string, sources: PythonSources = pythonSources): PythonDoor {
  const { port1, port2 } = new MessageChannel();
  const behind = new BehindDoor(port1, new URL('pyodide/', baseUrl).href, sources);
  return { port: port2, close: () => behind.close() };
}

class BehindDoor {
  readonly #door: MessagePort;
  readonly #location: string;
  readonly #sources: PythonSources;
  readonly #living = new Set<number>();
  readonly #stopping = new Map<number, ReturnType<typeof setTimeout>>();
  #frame: Promise<Frame> | null = null;
  #closed = false;

  constructor(door: MessagePort, location: string, sources: PythonSources) {
    this.#door = door;
    this.#location = location;
    this.#sources = sources;
    door.onmessage = ({ data, ports }: MessageEvent<unknown>) => {
      const read = askedSchema.safeParse(data);
      if (!read.success) return;
      const asked = read.data;
      switch (asked.type) {
        case 'start':
          if (ports[0] !== undefined) void this.#start(asked.id, ports[0]);
          return;
        case 'stop':
          void this.#stop(asked.id);
          return;
        case 'close':
          this.close();
          return;
      }
    };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#door.close();
    this.#endFrame();
  }

  async #start(id: number, port: MessagePort): Promise<void> {
    this.#living.add(id);
    try {
      this.#frame ??= this.#make(id);
      const frame = await this.#frame;
      if (this.#living.has(id)) frame.port.postMessage({ type: 'start', id }, [port]);
    } catch (error) {
      this.#frame = null; // the next one tries again
      this.#fail(id, error instanceof Error ? error.message : String(error));
    }
  }

  async #make(id: number): Promise<Frame> {
    const files = await fetchPython(this.#location, (loadedBytes, totalBytes) =>
      this.#tell({ type: 'downloaded', id, loadedBytes, totalBytes }),
    );
    const frame = await makeFrame(files, this.#sources);
    if (this.#closed) frame.element.remove();
    frame.port.onmessage = ({ data }: MessageEvent<unknown>) => {
      const read = answeredSchema.safeParse(data);
      if (!read.success) return;
      const answer = read.data;
      if (answer.type === 'failed') this.#fail(answer.id, answer.reason);
      else {
        clearTimeout(this.#stopping.get(answer.id));
        this.#stopping.delete(answer.id);
      }
    };
    return frame;
  }

  async #stop(id: number): Promise<void> {
    if (!this.#living.delete(id) || this.#frame === null) return;
    try {
      (await this.#frame).port.postMessage({ type: 'stop', id });
      this.#stopping.set(
        id,
        // Once more round the event loop: the answer may lie in this page's own queue.
        setTimeout(
          () =>
            this.#stopping.set(
              id,
              setTimeout(() => this.#endFrame(), 50),
            ),
          stopPatience,
        ),
      );
    } catch {
      // It never stood.
    }
  }

  #endFrame(): void {
    for (const timer of this.#stopping.values()) clearTimeout(timer);
    this.#stopping.clear();
    void this.#frame?.then(
      ({ element }) => element.remove(),
      () => undefined,
    );
    this.#frame = null;
    for (const id of this.#living) this.#fail(id, 'its frame was ended');
  }

  #fail(id: number, reason: string): void {
    if (this.#living.delete(id)) this.#tell({ type: 'failed', id, reason });
  }

  #tell(message: FromDoor): void {
    if (!this.#closed) this.#door.postMessage(message);
  }
}

/** To whoever asked at a door. */
export type FromDoor =
  | { readonly type: 'failed'; readonly id: number; readonly reason: string }
  | {
      readonly type: 'downloaded';
      readonly id: number;
      readonly loadedBytes: number;
      readonly totalBytes: number | null;
    };

interface Frame {
  readonly element: HTMLIFrameElement;
  readonly port: MessagePort;
}

async function makeFrame(
  { javascript, snapshot, ...files }: PythonDownload,
  sources: PythonSources,
): Promise<Frame> {
  const element = document.createElement('iframe');
  // Scripts, and nothing else: no origin, no forms, no windows, no way to the page's address.
  element.setAttribute('sandbox', 'allow-scripts');
  element.title = 'Python';
  element.tabIndex = -1;
  element.setAttribute('aria-hidden', 'true');
  // Not hidden, and within the window: browsers give less of the processor to what cannot be seen.
  element.style.cssText =
    'position:fixed;inset:0 auto auto 0;width:1px;height:1px;border:0;opacity:0;pointer-events:none';
  const meta = `<meta http-equiv="Content-Security-Policy" content="${policy(await hashOf(frameScript))}">`;
  element.srcdoc = `<!doctype html><title>Python</title>${meta}<script>${frameScript}</script>`;
  await new Promise((resolve) => {
    element.addEventListener('load', resolve, { once: true });
    document.body.append(element);
  });
  const { default: workerScript } = await import('./frameWorker.ts?script=browser');
  const { port1, port2 } = new MessageChannel();
  // Its origin is opaque, which no target but '*' fits; nothing secret is in it, and the frame never goes elsewhere.
  element.contentWindow?.postMessage(
    {
      ...files,
      script: `${javascript}\n${workerScript}`,
      sources,
      // The driver and the guard that it holds are the page's own.
      snapshot: sources === pythonSources ? snapshot : null,
    },
    '*',
    [port2],
  );
  return { element, port: port1 };
}

/** A content policy's name for a script. */
export async function hashOf(script: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(script));
  return `sha256-${btoa(String.fromCharCode(...new Uint8Array(digest)))}`;
}
