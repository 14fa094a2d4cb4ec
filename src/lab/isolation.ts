/**
 * Cross-origin isolation on hosts that cannot send its headers: a service worker (public/isolation-worker.js) adds them.
 *
 * Only an isolated page may share memory with threads, so without it the engine on the processor has one. The service worker answers
 * from the second load on, hence one reload at a visitor's first visit, before anything is shown.
 *
 * Invariants (isolation.test.ts). (1) A page that is isolated already, and one that cannot be, is left alone. (2) No page reloads
 * twice in a row. (3) Whatever fails, the page opens, with one thread.
 */

import { lessonParameters } from './lesson/link.ts';

/** What a page offers for it. */
export interface IsolationHost {
  readonly isIsolated: boolean;
  /** Absent where the browser has none, as outside https and localhost. */
  readonly serviceWorkers: Pick<
    ServiceWorkerContainer,
    'register' | 'ready' | 'getRegistration' | 'controller'
  > | null;
  /** Absolute; the folder it lies in is the part of the site that it serves. */
  readonly workerUrl: string;
  /** `?isolate=0` in the address. */
  readonly isDeclined: boolean;
  /** Kept as long as the tab, over reloads. Throws where storage is switched off. */
  readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
  readonly reload: () => void;
  /** Resolves after so many milliseconds. */
  readonly wait: (milliseconds: number) => Promise<void>;
}

const reloadedKey = 'aster-lab-isolation';
/** After so long the page opens as it is, milliseconds. */
const patience = 3000;

/** @returns whether the page is about to load again, so that there is no use in showing it */
export async function isolatePage(host: IsolationHost): Promise<boolean> {
  const { serviceWorkers, storage } = host;
  try {
    if (host.isDeclined) {
      void unregister(host).catch(() => undefined);
      return false;
    }
    if (host.isIsolated) {
      storage.removeItem(reloadedKey);
      return false;
    }
    // Controlled and yet not isolated: this browser wants more, and another load will not change its mind.
    if (serviceWorkers === null || serviceWorkers.controller !== null) return false;
    if (storage.getItem(reloadedKey) !== null) return false;
    const started = serviceWorkers.register(host.workerUrl).then(() => serviceWorkers.ready);
    const isReady = await Promise.race([started.then(() => true), host.wait(patience).then(() => false)]);
    if (!isReady) return false;
    storage.setItem(reloadedKey, 'reloaded');
    host.reload();
    return true;
  } catch {
    return false;
  }
}

/** Only ours: another page of the same site may have one too. */
async function unregister({ serviceWorkers, workerUrl }: IsolationHost): Promise<void> {
  const registration = await serviceWorkers?.getRegistration(workerUrl);
  if (registration?.active?.scriptURL === workerUrl) await registration.unregister();
}

const parameter = 'isolate';

/** This page. */
export function browserIsolation(): IsolationHost {
  return {
    isIsolated: globalThis.crossOriginIsolated,
    serviceWorkers: 'serviceWorker' in navigator ? navigator.serviceWorker : null,
    workerUrl: new URL('isolation-worker.js', new URL('.', location.href)).href,
    isDeclined: new URLSearchParams(location.search).get(parameter) === '0',
    storage: {
      getItem: (key) => sessionStorage.getItem(key),
      setItem: (key, value) => sessionStorage.setItem(key, value),
      removeItem: (key) => sessionStorage.removeItem(key),
    },
    reload: () => location.reload(),
    wait: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
  };
}

/** Of the address, what belongs to the page and to no run. */
const pageParameters: readonly string[] = [parameter, ...lessonParameters];

/** The query without what is no setting of a run. */
export function settingsQuery(search: string): string {
  const query = new URLSearchParams(search);
  if (!pageParameters.some((name) => query.has(name))) return search;
  for (const name of pageParameters) query.delete(name);
  return query.toString();
}

/** A settings' query with what the page's present address says beside the settings: that it is the instrument's, and how it is isolated. */
export function pageQuery(settings: string, search: string): string {
  const present = new URLSearchParams(search);
  const own = ['view', parameter].flatMap((name) => {
    const value = present.get(name);
    return value === null ? [] : [new URLSearchParams([[name, value]]).toString()];
  });
  return [...(settings === '' ? [] : [settings]), ...own].join('&');
}
