/**
 * The driver by itself, for what no cell should be able to bring about: a logged cell that does not run again.
 */
import { readFileSync } from 'node:fs';
import { loadPyodide } from 'pyodide';
import { beforeAll, describe, expect, it } from 'vitest';

const read = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8');

/** Runs cells of a trajectory; returns kind and text of each. */
let run: (trajectory: number, ...codes: string[]) => readonly (readonly [kind: string, text: string])[];
/** Puts a cell into a trajectory's log as if it had run once, before the others, with this number. */
let forge: (trajectory: number, position: number, code: string) => void;

beforeAll(async () => {
  const python = await loadPyodide();
  const globals = python.globals as unknown as {
    get(name: string): unknown;
    set(name: string, value: unknown): void;
  };
  const results: [string, string][] = [];
  globals.set('report', (...[, kind, text, , , lost]: [number, string, string, string, boolean, boolean]) =>
    results.push([kind, lost ? `lost: ${text}` : text]),
  );
  for (const name of ['guard', 'driver']) globals.set(`${name}_source`, read(`./${name}.py`));
  python.runPython(`
import types
def load(name, source, **names):
    module = types.ModuleType(name)
    vars(module).update(names)
    exec(compile(source, name + ".py", "exec"), vars(module))
    return module
driver = load("driver", driver_source, guard=load("guard", guard_source))
driver._builtins["Interrupt"] = KeyboardInterrupt  # what a missed deadline raises, which no cell can name
driver.install(lambda rebuilding: None, report, 400, 120)
def forge(trajectory, position, source):
    driver._namespaces[trajectory].log.insert(position, (99, driver.Cell(source)))
`);
  const driver = globals.get('driver') as { run_batch(payload: string): void };
  forge = globals.get('forge') as typeof forge;
  run = (trajectory, ...codes) => {
    results.length = 0;
    driver.run_batch(JSON.stringify(codes.map((code, index) => [trajectory, index, code])));
    return [...results];
  };
}, 120_000);

describe('a rebuild', () => {
  it.each(['1/0', 'raise MemoryError'])(
    'drops a cell that ends in %s, with all it did, goes on with the others, and says that something is lost',
    (end) => {
      const trajectory = end.length;
      run(trajectory, 'a = 1', 'b = [a]');
      forge(trajectory, 1, `a = 7; ${end}`);
      const results = run(trajectory, 'b.append(2); 1/0', 'a, b', '1+1', 'c = 1/0', 'a, b', '1+1');
      expect(results.map(([, text]) => text)).toEqual([
        'ZeroDivisionError: division by zero',
        ...['lost: (1, [1])', '2', 'ZeroDivisionError: division by zero', '(1, [1])', '2'],
      ]);
    },
  );

  it('whose time is up begins again with nothing, and says so', () => {
    run(40, 'a = 1', 'b = [a]');
    forge(40, 1, 'a = 7; raise Interrupt');
    expect(run(40, 'x = 1/0', 'x = 5', 'x', 'a').map(([, text]) => text)).toEqual([
      'ZeroDivisionError: division by zero',
      ...['lost: ', '5', "NameError: name 'a' is not defined"],
    ]);
  });

  it('drops as many as fail', () => {
    run(50, 'a = 1');
    for (let i = 0; i < 3; i++) forge(50, i % 2, `a = ${i + 5}; 1/0`);
    expect(run(50, '1/(a-1)', 'a = 1/0', 'a').at(-1)).toEqual(['ok', '1']);
  });
});
