/**
 * The walls of the page's Python, attacked with the guard switched off and with all of JavaScript's globals in a cell's hands.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commands } from 'vitest/browser';
import { createBrowserSandbox } from './browserSandbox.ts';
import type { PythonPool } from './pool.ts';
import { openPythonDoor } from './pythonFrame.ts';
import { openDoors, spy } from './testing/openDoors.ts';

declare module 'vitest/browser' {
  interface BrowserCommands {
    openCanary(): Promise<string>;
    closeCanary(): Promise<number>;
  }
}

const settings = { deadlineMs: 5000, maxCodeLength: 2000, maxOutputLength: 300 };

let sandbox: PythonPool;
let address: string;

beforeAll(async () => {
  address = await commands.openCanary();
  localStorage.setItem('canary', 'secret');
  await (await caches.open('canary')).put('/canary', new Response('secret'));
  sandbox = await createBrowserSandbox({
    door: openPythonDoor(location.origin, openDoors).port,
    settings,
  });
}, 180_000);

afterAll(async () => {
  sandbox.dispose();
  localStorage.removeItem('canary');
  await caches.delete('canary');
});

const run = async (code: string) => (await sandbox.run([{ trajectory: 1, code }]))[0];

describe('with the guard off', () => {
  it('a cell has JavaScript, so that what follows is tried in earnest, in a worker of an origin of its own', async () => {
    expect(await run('str(js.navigator.userAgent)[:7]')).toEqual({ kind: 'ok', output: "'Mozilla'" });
    expect(await run('js.self.origin')).toEqual({ kind: 'ok', output: "'null'" });
  });

  it.each([
    ['eval', 'js.eval("1")'],
    ['a function of text', 'js.Function("return 1")'],
    ['a script', 'js.importScripts("http://ADDRESS/script.js")'],
    ['a script of the page', 'js.importScripts("ORIGIN/src/main.tsx")'],
    [
      'a request that waits',
      'x = js.XMLHttpRequest.new()\nx.open("GET", "http://ADDRESS/", False)\nx.send()',
    ],
    ['the same to the page', 'x = js.XMLHttpRequest.new()\nx.open("GET", "ORIGIN/", False)\nx.send()'],
    ['parent', 'js.parent.postMessage("canary", "*")'],
    ['top', 'js.top.location'],
    ['opener', 'js.opener.location'],
    ['document', 'js.document.cookie'],
    ['localStorage', 'js.localStorage.getItem("canary")'],
    ['sessionStorage', 'js.sessionStorage.getItem("canary")'],
    ['IndexedDB', 'js.indexedDB.open("canary")'],
  ])('%s is out of reach', async (_what, code) => {
    const attempt = code.replace('ADDRESS', address).replace('ORIGIN', location.origin);
    expect((await run(attempt))?.kind).toBe('error');
  });

  it('whatever answers later reaches nothing either', async () => {
    const heard: unknown[] = [];
    const channel = new BroadcastChannel('canary');
    channel.onmessage = ({ data }) => heard.push(data);
    const onMessage = (event: MessageEvent) => {
      if (event.data === 'canary') heard.push(event.data);
    };
    addEventListener('message', onMessage);
    for (const attempt of [
      `js.fetch("http://${address}/")`,
      `js.fetch("${location.origin}/").then(lambda r: js.postMessage("canary"))`,
      `js.WebSocket.new("ws://${address}/")`,
      `js.EventSource.new("http://${address}/")`,
      `js.Worker.new("http://${address}/worker.js")`,
      `js.Worker.new("data:text/javascript,fetch('http://${address}/')")`,
      `js.Worker.new(js.URL.createObjectURL(js.Blob.new(js.Array.of("fetch('http://${address}/')"))))`,
      `js.setTimeout("fetch('http://${address}/')")`,
      `js.caches.match("/canary").then(lambda r: js.BroadcastChannel.new("canary").postMessage("canary"))`,
      `js.BroadcastChannel.new("canary").postMessage("canary")`,
      `js.postMessage("canary")`,
      `js.navigator.storage.getDirectory().then(lambda d: js.BroadcastChannel.new("canary").postMessage("canary"))`,
      `js.navigator.serviceWorker.register("/isolation-worker.js")`,
    ]) {
      await run(`${attempt}\n0`);
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
    channel.close();
    removeEventListener('message', onMessage);
    expect(heard).toEqual([]);
    expect(await commands.closeCanary()).toBe(0);
  });

  it("finds no plain trajectory's variables", async () => {
    await sandbox.run([{ trajectory: 2, code: 'a = 98765' }]);
    expect(await sandbox.run([{ trajectory: 3, code: spy(98765) }])).toEqual([{ kind: 'ok', output: '0' }]);
  });

  it('floods nobody: a worker that speaks out of turn is ended', async () => {
    const results = await sandbox.run([
      { trajectory: 4, code: 'js.onmessage = None\nfor i in range(1000): js.postMessage("x" * 1000)\n1' },
      { trajectory: 2, code: 'a' },
    ]);
    expect(results).toMatchObject([{}, { kind: 'ok', output: '98765' }]);
  });
});
