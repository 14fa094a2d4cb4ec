/**
 * The lab in a real page: binds the store to workers, the address bar, timers and the screen's wake lock. It decides nothing.
 */
import { dependencies, name, version } from '../../package.json';
import { createBrowserSandbox } from '../sandbox/browserSandbox.ts';
import { openPythonDoor } from '../sandbox/pythonFrame.ts';
import type { Sandbox, SandboxSettings } from '../sandbox/sandbox.ts';
import type { LabEnvironment, TrainerPort } from './environment.ts';
import { pageQuery, settingsQuery } from './isolation.ts';
import { replSettings, PythonRepl } from './pythonRepl.ts';
import type { LabStore } from './state.ts';
import { createLabStore as createStore } from './store.ts';
import { openInThread } from './openInThread.ts';
import { runLocks } from './runLocks.ts';
import { pythonWorkerPort } from './workerPort.ts';

/** Starts the lab in this page. Call it once. */
export function createLabStore(): LabStore {
  return createStore(browserEnvironment());
}

/** A Python to try by hand, which starts when it is first used. @param deadlineMs of one cell */
export function createPythonRepl(deadlineMs: number): PythonRepl {
  return new PythonRepl(() => createPageSandbox(replSettings(deadlineMs)));
}

/** A Python of the page's own, in a frame of its own. */
function createPageSandbox(settings: SandboxSettings): Promise<Sandbox> {
  const { port, close } = openPythonDoor(pageFolder());
  return createBrowserSandbox({ door: port, settings, onDispose: close });
}

let sharedRepl: { readonly deadlineMs: number; readonly repl: PythonRepl } | undefined;

/** The Python that runs cells of trajectories again: one for the page, so that it starts once. @param deadlineMs of one cell */
export function pageRepl(deadlineMs: number): PythonRepl {
  if (sharedRepl?.deadlineMs !== deadlineMs) {
    sharedRepl?.repl.dispose();
    sharedRepl = { deadlineMs, repl: createPythonRepl(deadlineMs) };
  }
  return sharedRepl.repl;
}

function browserEnvironment(): LabEnvironment {
  const page = new URL(pageFolder());
  return {
    createTrainer,
    createSandbox: createPageSandbox,
    baseUrl: page.href,
    address: {
      read: () => settingsQuery(location.search),
      replace: (settings) => {
        const query = pageQuery(settings, location.search);
        const address = `${location.pathname}${query === '' ? '' : `?${query}`}${location.hash}`;
        history.replaceState(history.state, '', address);
      },
    },
    now: () => performance.now(),
    after: (milliseconds, action) => {
      const timer = setTimeout(action, milliseconds);
      return () => clearTimeout(timer);
    },
    download: async (path) => {
      const response = await fetch(new URL(path, page));
      if (!response.ok) throw new Error(`${path}: ${response.status}`);
      return response.blob();
    },
    readFile: openInThread,
    id: () => [...crypto.getRandomValues(new Uint32Array(3))].map((part) => part.toString(36)).join('-'),
    openLibrary: async () => (await import('./library/runLibrary.ts')).RunLibrary.open(),
    locks: runLocks(),
    storage: async () => {
      // Absent where the page is not served securely, whatever the types say.
      const storage = navigator.storage as StorageManager | undefined;
      const { usage, quota } = (await storage?.estimate()) ?? {};
      return usage === undefined || quota === undefined ? null : { used: usage, room: quota };
    },
    date: () => new Date().toISOString(),
    origin: {
      versions: { [name]: version, ...dependencies },
      userAgent: navigator.userAgent,
    },
    keepAwake: screenLock(),
    onHidden: (listener) =>
      document.addEventListener('visibilitychange', () => {
        if (document.visibilityState === 'hidden') listener();
      }),
  };
}

function createTrainer(): TrainerPort {
  return pythonWorkerPort(
    new Worker(new URL('../worker/trainer.worker.ts', import.meta.url), { type: 'module' }),
    pageFolder(),
  );
}

/** Where the page lies, with a slash at its end. */
const pageFolder = () => new URL('.', location.href).href;

/** Holds the screen's wake lock while asked to; a hidden page loses it and takes it back when it is seen again. */
function screenLock(): (on: boolean) => void {
  let wanted = false;
  let lock: WakeLockSentinel | null = null;
  const update = async () => {
    try {
      if (wanted && lock === null && document.visibilityState === 'visible') {
        const taken = await navigator.wakeLock.request('screen');
        taken.addEventListener('release', () => (lock = null));
        lock = taken;
      }
      if (!wanted) await lock?.release();
    } catch {
      // Not granted (low battery, an old browser): the run goes on without.
    }
  };
  document.addEventListener('visibilitychange', () => void update());
  return (on) => {
    if (on === wanted) return;
    wanted = on;
    void update();
  };
}
