import { describe, expect, it, vi } from 'vitest';
import { readFileSync } from 'node:fs';
import { isolatePage, pageQuery, settingsQuery, type IsolationHost } from './isolation.ts';

const workerUrl = 'https://host.example/lab/isolation-worker.js';

/** A page on a host without the headers, in a browser that would register. */
function page(change: Partial<IsolationHost> = {}, sw: Partial<ServiceWorkerContainer> = {}) {
  const kept = new Map<string, string>();
  const unregister = vi.fn(async () => true);
  const registration = {
    active: { scriptURL: workerUrl },
    unregister,
  } as unknown as ServiceWorkerRegistration;
  const register = vi.fn(async () => registration);
  const reload = vi.fn();
  const host: IsolationHost = {
    isIsolated: false,
    serviceWorkers: {
      register,
      ready: Promise.resolve(registration),
      getRegistration: async () => registration,
      controller: null,
      ...sw,
    },
    workerUrl,
    isDeclined: false,
    storage: {
      getItem: (key) => kept.get(key) ?? null,
      setItem: (key, value) => void kept.set(key, value),
      removeItem: (key) => void kept.delete(key),
    },
    reload,
    wait: () => new Promise(() => undefined),
    ...change,
  };
  return { host, register, reload, unregister };
}

describe('a page that could be isolated', () => {
  it('registers the service worker and loads again', async () => {
    const { host, register, reload } = page();
    expect(await isolatePage(host)).toBe(true);
    expect(register).toHaveBeenCalledExactlyOnceWith(workerUrl);
    expect(reload).toHaveBeenCalledOnce();
  });

  it('loads again once and not twice, until it has been isolated', async () => {
    const { host, reload } = page();
    expect(await isolatePage(host)).toBe(true);
    expect(await isolatePage(host), 'not isolated all the same').toBe(false);
    expect(await isolatePage({ ...host, isIsolated: true })).toBe(false);
    expect(await isolatePage(host), 'a load past the service worker, by Shift and reload').toBe(true);
    expect(reload).toHaveBeenCalledTimes(2);
  });
});

describe('a page is left alone', () => {
  const denied = () => Promise.reject(new Error('Denied.'));
  const locked = () => {
    throw new Error('Storage is switched off.');
  };
  it.each<[string, Partial<IsolationHost>, Partial<ServiceWorkerContainer>]>([
    ['where it is isolated', { isIsolated: true }, {}],
    ['without service workers', { serviceWorkers: null }, {}],
    ['where one has not helped', {}, { controller: {} as ServiceWorker }],
    ['where registering is refused', {}, { register: denied }],
    ['where it takes too long', { wait: () => Promise.resolve() }, { ready: new Promise(() => undefined) }],
    ['without storage', { storage: { getItem: locked, setItem: locked, removeItem: locked } }, {}],
    ['where it is declined', { isDeclined: true }, {}],
  ])('%s', async (_, change, serviceWorkers) => {
    const { host, reload } = page(change, serviceWorkers);
    expect(await isolatePage(host)).toBe(false);
    expect(reload).not.toHaveBeenCalled();
  });
});

it('takes its own service worker away where it is declined, and no other', async () => {
  const ours = page({ isDeclined: true });
  await isolatePage(ours.host);
  await vi.waitFor(() => expect(ours.unregister).toHaveBeenCalledOnce());
  const other = page({ isDeclined: true, workerUrl: 'https://host.example/other/isolation-worker.js' });
  expect(await isolatePage(other.host)).toBe(false);
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(other.unregister).not.toHaveBeenCalled();
});

it('keeps its word in the address apart from the settings', () => {
  expect(settingsQuery('?preset=micro&isolate=0')).toBe('preset=micro');
  expect(settingsQuery('?preset=micro&who.knows=1')).toBe('?preset=micro&who.knows=1');
  expect(pageQuery('preset=micro&v=1', '?isolate=0')).toBe('preset=micro&v=1&isolate=0');
  expect(pageQuery('', '?isolate=0')).toBe('isolate=0');
  expect(pageQuery('', '?preset=micro')).toBe('');
});

it('has the headers that static hosts are told to send', () => {
  const told = [...readFileSync('public/_headers', 'utf8').matchAll(/^ {2}(\S+): (\S+)$/gm)];
  expect(told.length).toBe(2);
  const worker = readFileSync('public/isolation-worker.js', 'utf8');
  for (const [, name, value] of told) expect(worker).toContain(`'${name}': '${value}'`);
});
