/**
 * Random sequences of cells, against plain Python with rollback as the oracle: a namespace is exactly what the cells that ended ok made it,
 * and what a cell prints is what Python prints, also after failures, rebuilds and an interpreter's replacement.
 *
 * `CELL_RUNS=2000` makes it long; `npm test` takes a few.
 */
import fc from 'fast-check';
import { loadPyodide } from 'pyodide';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createNodeSandbox } from './nodeSandbox.ts';
import type { PythonPool } from './pool.ts';

const settings = { deadlineMs: 5000, maxCodeLength: 400, maxOutputLength: 200 };

/** A cell that costs the interpreter that it is in. */
const killer = 'sum(range(10**11))';

/**
 * Plain Python: each cell in a deep copy of the namespace, which replaces it if the cell ends ok. What can be copied is all that the cells
 * below make.
 */
const oracleSource = `
import copy, io, sys, ast, builtins

def attempt(namespace, code):
    after = {name: value for name, value in copy.deepcopy(namespace).items()}
    out, sys.stdout = io.StringIO(), None
    stdout, sys.stdout = sys.stdout, out
    try:
        tree = ast.parse(code)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, "<cell>", "exec"), after)
        if last is not None:
            value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), after)
            if value is not None:
                print(repr(value))
    except Exception as error:
        return namespace, "error", type(error).__name__
    finally:
        sys.stdout = sys.__stdout__
    after.pop("__builtins__", None)
    return after, "ok", out.getvalue().removesuffix("\\n")

def oracle(codes):
    namespace, results = {}, []
    for code in codes:
        namespace, kind, text = attempt(namespace, code)
        results.append(kind + " " + text)
    return "\\x00".join(results)
`;

let sandbox: PythonPool;
let oracle: (codes: readonly string[]) => string[];

beforeAll(async () => {
  sandbox = await createNodeSandbox({ settings });
  const python = await loadPyodide();
  python.runPython(oracleSource);
  const globals = python.globals as unknown as { get(name: string): (codes: unknown) => string };
  const run = globals.get('oracle');
  const shortened = (result: string) =>
    result.startsWith('ok ') ? result.slice(0, 3 + settings.maxOutputLength) : result;
  oracle = (codes) =>
    run(python.toPy([...codes]))
      .split('\0')
      .map(shortened);
}, 240_000);
afterAll(() => sandbox.dispose());

const names = ['a', 'b', 'sum', 'max', 'x', 'print', 'len', 'ab'] as const;
const name = fc.constantFrom(...names);
const value = fc.oneof(
  fc.integer({ min: -9, max: 99 }).map(String),
  name,
  fc.constantFrom(
    '[1, 2]',
    '[]',
    '{"k": [1]}',
    '(1, [2])',
    '"text"',
    'None',
    'True',
    'sum([1, 2])',
    'max(3, 4)',
    'len("abc")',
  ),
);
const operator = fc.constantFrom('+', '-', '*', '//', '%', '==', '<');
/** What a cell may end with that undoes it. */
const failure = fc.constantFrom('1/0', '[][1]', 'undefined', 'raise ValueError("no")', '{}["k"]', 'int("x")');
const statement: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(name, value).map(([n, v]) => `${n} = ${v}`) },
  { weight: 3, arbitrary: fc.tuple(value, operator, value).map(([v, o, w]) => `${v} ${o} ${w}`) },
  // Of a number or a list of two only: a name added to itself again and again would grow beyond all bounds.
  fc.tuple(name, fc.constantFrom('5', '[7, 8]')).map(([n, v]) => `${n} += ${v}`),
  fc.tuple(name, value).map(([n, v]) => `${n}.append(${v})`),
  fc.tuple(name, value).map(([n, v]) => `${n}[0] = ${v}`),
  fc.tuple(name, value).map(([n, v]) => `(${n} := ${v})`),
  fc.tuple(name, name, value).map(([n, m, v]) => `${n} = ${m} = ${v}`),
  fc.tuple(name, name).map(([n, m]) => `${n}, ${m} = 1, [2]`),
  name.map((n) => `del ${n}`),
  name.map((n) => `for ${n} in range(3): pass`),
  name.map((n) => `[${n} for ${n} in range(3)]`),
  name.map((n) => `print(${n})`),
  fc.tuple(name, name).map(([n, m]) => `import math as ${n}\n${m} = ${n}.floor(2.5)\ndel ${n}`),
  fc
    .tuple(name, failure)
    .map(([n, f]) => `try: ${f.startsWith('raise') ? 'x = int("x")' : f}\nexcept Exception as ${n}: pass`),
  value,
);
const cell = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.array(statement, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('\n')),
  },
  { weight: 2, arbitrary: fc.tuple(statement, failure).map((parts) => parts.join('\n')) },
  { weight: 1, arbitrary: fc.constantFrom('1 +', 'a b', ')', 'x = ') },
);

let trajectory = 0;

/** In two batches. */
async function inSandbox(codes: readonly string[], cut: number): Promise<string[]> {
  const own = ++trajectory;
  const run = (some: readonly string[]) => sandbox.run(some.map((code) => ({ trajectory: own, code })));
  const results = [...(await run(codes.slice(0, cut))), ...(await run(codes.slice(cut)))];
  sandbox.release([own]);
  return results.map((result) => {
    switch (result.kind) {
      case 'ok':
        return `ok ${result.output}`;
      case 'error':
        return `error ${/^\w+/.exec(result.message)?.[0] ?? ''}`;
      case 'timeout':
      case 'memory':
      case 'format':
        return result.kind;
    }
  });
}

it('a namespace is what the cells that ended ok made it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(cell, { minLength: 2, maxLength: 14 }), fc.nat(14), async (codes, cut) => {
      expect(await inSandbox(codes, cut)).toEqual(oracle(codes));
    }),
    { numRuns: Number(process.env['CELL_RUNS'] ?? 60), seed: 7 },
  );
  expect(sandbox.statesLost).toBe(0);
});

it('also after its interpreter was replaced', async () => {
  const quick = await createNodeSandbox({ settings: { ...settings, deadlineMs: 1000 } });
  try {
    const codes = fc.sample(fc.array(cell, { minLength: 6, maxLength: 10 }), { numRuns: 2, seed: 3 });
    for (const [own, some] of codes.entries()) {
      const expected = oracle(some);
      const got: string[] = [];
      for (const [position, code] of some.entries()) {
        // One for either interpreter: what is plain runs apart.
        if (position === some.length - 2)
          await quick.run([killer, `"";${killer}`].map((hang) => ({ trajectory: 100, code: hang })));
        const [result] = await quick.run([{ trajectory: own, code }]);
        got.push(result?.kind === 'ok' ? `ok ${result.output}` : (result?.kind ?? ''));
      }
      expect(got).toEqual(expected.map((line) => (line.startsWith('ok') ? line : 'error')));
    }
    // A busy machine may interrupt one before it has entered its loop.
    expect(quick.workersReplaced).toBeGreaterThan(0);
  } finally {
    quick.dispose();
  }
}, 240_000);
