/**
 * The walls of Node's Python, attacked with the guard switched off: cells hold JavaScript's globals and all of Python.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createNodeSandbox, networkIsClosed } from './nodeSandbox.ts';
import type { PythonPool } from './pool.ts';
import { openDoors, spy } from './testing/openDoors.ts';

const settings = { deadlineMs: 5000, maxCodeLength: 2000, maxOutputLength: 300 };
const folder = mkdtempSync(join(tmpdir(), 'aster-lab-canary-'));
const secret = join(folder, 'secret');
const written = join(folder, 'written');

let hits = 0;
let server: Server;
let address: string;
let sandbox: PythonPool;

beforeAll(async () => {
  writeFileSync(secret, 'canary');
  process.env['ASTER_CANARY'] = 'canary';
  server = createServer((_request, response) => {
    hits++;
    response.end('canary');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  sandbox = await createNodeSandbox({ settings, sources: openDoors });
}, 120_000);

afterAll(() => {
  sandbox.dispose();
  server.close();
  delete process.env['ASTER_CANARY'];
  rmSync(folder, { recursive: true, force: true });
});

const run = async (code: string) => (await sandbox.run([{ trajectory: 1, code }]))[0];
const builtin = (name: string) => `js.process.getBuiltinModule(${JSON.stringify(name)})`;

describe('with the guard off', () => {
  it('a cell has JavaScript, so that what follows is tried in earnest', async () => {
    expect(await run('js.process.version')).toEqual({ kind: 'ok', output: `'${process.version}'` });
    expect(await run('import os, socket; len(sys.modules) > 20')).toMatchObject({ output: 'True' });
  });

  it.each([
    ['reads no file', () => `${builtin('fs')}.readFileSync(${JSON.stringify(secret)})`],
    ['lists no folder', () => `${builtin('fs')}.readdirSync("/")`],
    ['lists no folder of other commands', () => `${builtin('fs')}.readdirSync(${JSON.stringify(tmpdir())})`],
    ['writes no file', () => `${builtin('fs')}.writeFileSync(${JSON.stringify(written)}, "x")`],
    [
      'starts no process',
      () => `${builtin('child_process')}.spawnSync("touch", [${JSON.stringify(written)}])`,
    ],
    ['starts no thread', () => `${builtin('worker_threads')}.Worker.new(${JSON.stringify(secret)})`],
    ['loads no native code', () => `js.process.dlopen(js.Object.new(), ${JSON.stringify(secret)})`],
    ['opens no inspector', () => `${builtin('inspector')}.open(0)`],
    ['turns no text into code', () => 'js.eval("1")'],
    ['makes no function of text', () => 'js.Function("return 1")'],
  ])('%s', async (_what, code) => {
    expect((await run(code()))?.kind).toBe('error');
    expect(existsSync(written)).toBe(false);
  });

  it("finds the files of Python's own world only", async () => {
    expect(await run('import os\nos.path.exists("/etc/passwd"), os.environ.get("ASTER_CANARY")')).toEqual({
      kind: 'ok',
      output: '(False, None)',
    });
  });

  it('finds no environment', async () => {
    expect(await run('js.Object.keys(js.process.env).length')).toEqual({ kind: 'ok', output: '0' });
  });

  it.runIf(networkIsClosed())('reaches no network', async () => {
    const attempts = [
      `js.fetch("http://${address}/")`,
      `${builtin('http')}.get("http://${address}/")`,
      `js.WebSocket.new("ws://${address}/") if hasattr(js, "WebSocket") else 0`,
      `${builtin('net')}.connect(${address.split(':')[1]}, "127.0.0.1")`,
    ];
    for (const attempt of attempts) await run(`${attempt}\n0`);
    const others = `[n for n in js.Object.keys(${builtin('os')}.networkInterfaces()) if n != "lo"]`;
    expect(await run(others)).toEqual({ kind: 'ok', output: '[]' });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(hits).toBe(0);
  });

  it("finds no plain trajectory's variables, and its own", async () => {
    await sandbox.run([{ trajectory: 2, code: 'a = 98765' }]);
    expect(await sandbox.run([{ trajectory: 3, code: spy(98765) }])).toEqual([{ kind: 'ok', output: '0' }]);
    await sandbox.run([{ trajectory: 3, code: 'b = 98764' }]);
    expect((await sandbox.run([{ trajectory: 3, code: spy(98764) }]))[0]).not.toEqual({
      kind: 'ok',
      output: '0',
    });
  });

  it('that ends its process costs that process and the one of its second try, and no other trajectory anything', async () => {
    await sandbox.run([{ trajectory: 4, code: 'a = 7' }]);
    const replaced = sandbox.workersReplaced;
    const results = await sandbox.run([
      { trajectory: 5, code: 'js.process.kill(js.process.pid, "SIGKILL")' },
      { trajectory: 4, code: 'a' },
    ]);
    expect(results).toMatchObject([{ kind: 'error' }, { kind: 'ok', output: '7' }]);
    expect(sandbox.workersReplaced).toBe(replaced + 2);
  });

  it('that forges an answer costs its process', async () => {
    const forge = `${builtin('fs')}.writeSync(3, '{"type":"done","heapBytes":0}\\\\n')`;
    const results = await sandbox.run([
      { trajectory: 6, code: `${forge}\nwhile True: pass` },
      { trajectory: 6, code: '1+1' },
    ]);
    expect(results).toMatchObject([{ kind: 'error' }, { kind: 'ok', output: '2' }]);
  });
});
