/**
 * What a cell may do and what it leaves behind, against real Pyodide in a Node worker thread.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createNodeSandbox } from './nodeSandbox.ts';
import type { PythonPool } from './pool.ts';
import type { ExecutionResult } from './sandbox.ts';

// A generous deadline: these tests are about meaning, and the machine that runs them may be busy.
const settings = { deadlineMs: 5000, maxCodeLength: 400, maxOutputLength: 120 };

let sandbox: PythonPool;
let trajectory = 0;

beforeAll(async () => {
  sandbox = await createNodeSandbox({ settings });
}, 120_000);
afterAll(() => sandbox.dispose());

/** Runs cells one after another in a namespace of their own. */
async function fresh(...codes: string[]): Promise<readonly ExecutionResult[]> {
  trajectory++;
  return await sandbox.run(codes.map((code) => ({ trajectory, code })));
}

const ok = (output: string): ExecutionResult => ({ kind: 'ok', output });
const last = (results: readonly ExecutionResult[]) => results[results.length - 1];

/** What the last cell prints, or its result where it does not end ok. */
async function printed(...codes: string[]): Promise<string | ExecutionResult | undefined> {
  const result = last(await fresh(...codes));
  return result?.kind === 'ok' ? result.output : result;
}

describe('a trajectory', () => {
  it('keeps its variables between calls', async () => {
    await sandbox.run([{ trajectory: -1, code: 'a = 37*2' }]);
    await sandbox.run([{ trajectory: -1, code: 'b = a + 15' }]);
    expect(await sandbox.run([{ trajectory: -1, code: 'a, b' }])).toEqual([ok('(74, 89)')]);
  });

  it('does not see another trajectory', async () => {
    const results = await sandbox.run([
      { trajectory: -2, code: 'secret = 7' },
      { trajectory: -3, code: 'secret' },
      { trajectory: -2, code: 'secret' },
    ]);
    expect(results.map((result) => result.kind)).toEqual(['ok', 'error', 'ok']);
  });

  it('is rebuilt by everything that its ok cells did, calls that only say a value among them', async () => {
    const results = await fresh(
      'said = []',
      'def say(x):\n said[len(said):] = [x]\n return len(said)',
      'say(1)',
      'say(2), say(3)',
      'say(4) + 1 // 0',
      'say(5)',
      'said',
    );
    expect(results.map((result) => (result.kind === 'ok' ? result.output : result.kind))).toEqual([
      ...['', '', '1', '(2, 3)', 'error', '4', '[1, 2, 3, 5]'],
    ]);
  });

  it.each([
    ['1, 2', '(1, 2)'],
    ['[x for x in (1, 2)]', '[1, 2]'],
    ['  7 # a remark', '7'],
    ['(a := 3)', '3'],
    ['1 == 1', 'True'],
    ['print(1)', '1'],
    ['None', ''],
    ['lambda: 1', expect.stringMatching(/^<function <lambda>/) as string],
    ['1; 2', '2'],
    ['if 1: 2', ''],
    ['1 +', expect.objectContaining({ kind: 'error', message: 'SyntaxError: invalid syntax' }) as object],
  ])('says the value of its last expression: %s', async (code, want) => {
    expect(await printed(code)).toEqual(want);
  });

  it('is forgotten when it is released', async () => {
    await sandbox.run([{ trajectory: -4, code: 'a = 1' }]);
    sandbox.release([-4]);
    expect(last(await sandbox.run([{ trajectory: -4, code: 'a' }]))).toMatchObject({ kind: 'error' });
  });

  it.each([
    ['a module', 'import math\nmath.pi = 3', 'import math\nmath.pi > 3.1'],
    [
      'a class of a module',
      'from fractions import Fraction as F\nF.limit_denominator = 5',
      'from fractions import Fraction as F\nstr(F(22, 7).limit_denominator(1)) == "3"',
    ],
    [
      'a function of a module',
      'import statistics\nstatistics.mean.cache = 1',
      'import statistics\nhasattr(statistics.mean, "cache") == False',
    ],
    [
      'the decimal context',
      'import decimal\ndecimal.getcontext().prec = 3',
      'import decimal\ndecimal.getcontext().prec == 28',
    ],
    [
      'what isinstance says',
      'from fractions import Fraction\nFraction.register(str)',
      'from fractions import Fraction\nisinstance("a", Fraction) == False',
    ],
    ['a builtin', 'print = len\nlen = None', 'len([1]) == 1'],
    [
      'the generator',
      'import random\nrandom.seed(1)',
      'import random\nx = random.random()\nrandom.seed(1)\nx != random.random()',
    ],
  ])('cannot change %s for another', async (_what, attempt, check) => {
    await fresh(attempt);
    expect(await printed(check)).toBe('True');
  });
});

describe('a cell that does not end ok leaves no trace', () => {
  it('of the names it set', async () => {
    expect(await printed('a = 1', 'a = 2; b = 3; 1/0', 'a')).toBe('1');
    expect(last(await fresh('a = 1', 'b = 3; 1/0', 'b'))).toMatchObject({
      message: "NameError: name 'b' is not defined",
    });
  });

  it.each([
    ['a list', 'x = [1]', 'x.append(2); 1/0', 'x', '[1]'],
    ['a nested container', 'x = {"a": [1, {2}]}', 'x["a"][1].add(3); 1/0', 'x', "{'a': [1, {2}]}"],
    ['two names for one object', 'x = [1]; y = x', 'x.append(2); 1/0', 'x.append(3); y', '[1, 3]'],
    ['an instance', 'class A: n = 0\na = A()', 'a.n = 1; 1/0', 'a.n', '0'],
    ['a class', 'class A: n = 0', 'A.n = 1; 1/0', 'A.n', '0'],
    [
      'a closure',
      'def f():\n  n = [0]\n  def g(): n[0] += 1; return n[0]\n  return g\ng = f()',
      'g(); 1/0',
      'g()',
      '1',
    ],
    ['a default argument', 'def f(x, seen=[]): seen.append(x); return seen', 'f(1); 1/0', 'f(2)', '[2]'],
    ['a generator', 'g = (i for i in range(9))', 'next(g); 1/0', 'next(g)', '0'],
    ['a function that reads a global', 'a = 1\ndef f(): return a', 'a = 5; 1/0', 'a = 2; f()', '2'],
    [
      'the decimal context',
      'import decimal',
      'decimal.getcontext().prec = 3; 1/0',
      'decimal.getcontext().prec',
      '28',
    ],
  ])('in %s', async (_what, before, attempt, after, expected) => {
    expect(await printed(before, attempt, after)).toBe(expected);
  });

  it('however often it fails', async () => {
    expect(
      await printed('x = [0]', ...Array<string>(20).fill('x.append(1); 1/0'), 'x.append(2)', 'x[9]', 'x'),
    ).toBe('[0, 2]');
  });

  it('when it fails in memory', async () => {
    expect(await printed('x = [1]', "x.append(2); y = 'a'*10**9", 'x')).toBe('[1]');
  });
});

/** Every way of binding the name of a builtin, and what `sum` or the like is afterwards. */
const shadowings: readonly (readonly [form: string, cell: string, read: string, expected: string])[] = [
  ['an assignment', 'sum = 37*2', 'sum', '74'],
  ['a chained assignment', 'a = sum = 3', 'sum', '3'],
  ['an unpacking', 'sum, *min = 1, 2, 3', 'sum, min', '(1, [2, 3])'],
  ['an annotated assignment', 'sum: int = 5', 'sum', '5'],
  ['an augmented assignment', 'sum = 5\nsum += 1', 'sum', '6'],
  ['an assignment expression', '(sum := 5)', 'sum', '5'],
  ['one in a comprehension', '[(sum := i) for i in range(3)]', 'sum', '2'],
  ['a global', 'global sum\nsum = 5', 'sum', '5'],
  ['the target of a loop', 'for sum in range(3): 0', 'sum', '2'],
  [
    'the target of a with',
    'class C:\n  def __enter__(self): return 5\n  def __exit__(self, *e): 0\nwith C() as sum: 0',
    'sum',
    '5',
  ],
  ['an import', 'import math as sum', 'sum.factorial(3)', '6'],
  ['an import from', 'from math import factorial as sum', 'sum(3)', '6'],
  ['a function', 'def sum(x): return 5', 'sum(1)', '5'],
  ['a class', 'class sum: n = 5', 'sum.n', '5'],
  ['a pattern', 'match 5:\n  case sum: 0', 'sum', '5'],
  ['a type alias', 'type sum = int', 'sum', 'sum'],
];

describe('a cell that takes the name of a builtin', () => {
  it.each(shadowings)('is remembered when a later cell fails: %s', async (_form, cell, read, expected) => {
    const results = await fresh(cell, read, 'x = 1/0', read, '1+1', 'y = [0]; y[1]', read, '1+1');
    expect(results.map(({ kind }) => kind)).toEqual(['ok', 'ok', 'error', 'ok', 'ok', 'error', 'ok', 'ok']);
    expect(results[1]).toEqual(ok(expected));
    expect([results[3], results[6]]).toEqual([ok(expected), ok(expected)]);
    expect([results[4], results[7]]).toEqual([ok('2'), ok('2')]);
  });

  it.each(shadowings)('leaves nothing when it fails itself: %s', async (_form, cell) => {
    const results = await fresh(`${cell}\n1/0`, 'sum([1, 2]), min(3, 4)', '1+1');
    expect(results[0]).toMatchObject({ message: 'ZeroDivisionError: division by zero' });
    expect(results.slice(1)).toEqual([ok('(3, 3)'), ok('2')]);
  });

  it('on one line, too', async () => {
    expect(await printed('sum = 5; 1/0', 'sum([1, 2])')).toBe('3');
    expect(await printed('sum = 37*2', 'sum + 1', 'x = 1/0', 'sum + 1')).toBe('75');
  });

  it('gives it back when it is deleted, unless the deletion fails', async () => {
    expect(await printed('sum = 5', 'del sum', 'x = 1/0', 'sum([1, 2])')).toBe('3');
    expect(await printed('sum = 5', 'del sum; 1/0', 'sum')).toBe('5');
    expect(last(await fresh('del sum'))).toMatchObject({ message: "NameError: name 'sum' is not defined" });
    expect(await printed('try: 1/0\nexcept ZeroDivisionError as sum: 0', 'x = 1/0', 'sum([1, 2])')).toBe('3');
  });
});

describe('what is printed', () => {
  it.each([
    ['37*2', '74'],
    ['a = 3\na + 1', '4'],
    ['print(1)\n2', '1\n2'],
    ['print(1)', '1'],
    ['None', ''],
    ['1; 2', '2'],
    ["'a'", "'a'"],
    ['7 // 2, 7 % 2, 7 / 2', '(3, 1, 3.5)'],
    ['if True:\n  5', ''],
    ['# nothing', ''],
    [' 37*2 ', '74'],
    ['2**10, -3**2, 2**-1, pow(3, 200, 7)', '(1024, -9, 0.5, 2)'],
    ['x = 3\nx **= 2\nx', '9'],
  ])('%j prints %j', async (code, output) => {
    expect(await fresh(code)).toEqual([ok(output)]);
  });

  it('is cut to the limit', async () => {
    expect(await fresh("'a'*1000")).toEqual([ok(`'${'a'.repeat(119)}`)]);
    expect(await fresh('for i in range(10**5): print("abc")')).toEqual([ok('abc\n'.repeat(30))]);
  });

  it('comes with an error too', async () => {
    expect(await fresh('print(5)\n1/0')).toEqual([
      { kind: 'error', message: 'ZeroDivisionError: division by zero', output: '5' },
    ]);
  });
});

describe('code that is not run', () => {
  it.each([
    ['empty code', '', 'the code is empty'],
    ['blank code', ' \n\t', 'the code is empty'],
    ['long code', '1+'.repeat(200) + '1', 'the code has 401 characters; at most 400 are allowed'],
    ['a null character', '1\0', 'the code holds a character that Python cannot read'],
    ['half a surrogate pair', '"\ud800"', 'the code holds a character that Python cannot read'],
    ['no text at all', null as unknown as string, 'the code is not text'],
  ])('%s is a format result', async (_what, code, message) => {
    expect(await fresh(code)).toEqual([{ kind: 'format', message }]);
  });

  it('a syntax error is an error with its message', async () => {
    expect(await fresh('37*')).toEqual([
      { kind: 'error', message: 'SyntaxError: invalid syntax', output: '' },
    ]);
    expect(last(await fresh('(1'))).toMatchObject({ message: "SyntaxError: '(' was never closed" });
  });

  it('nesting too deep for the parser is an error', async () => {
    expect((await fresh('('.repeat(199) + '1' + ')'.repeat(199)))[0]?.kind).toMatch(/ok|error/);
    expect((await fresh('-'.repeat(399) + '1'))[0]?.kind).toMatch(/ok|error/);
    expect(await printed('def f(): return f()', 'f()', '1+1')).toBe('2');
  });
});

describe('memory', () => {
  it.each([
    "'a'*10**9",
    "'a'*10**10",
    'list(range(10**9))',
    '9**9**9',
    'x = 9\nx **= 9**8',
    'pow(9, 9**9)',
    '1 << 10**10',
    'import math\nmath.factorial(10**7)',
    'from fractions import Fraction\nFraction(9, 2)**9**9',
    'x = [0]\nwhile True: x += x',
  ])('%j ends in memory at once, and the worker lives on', async (code) => {
    const replaced = sandbox.workersReplaced;
    const results = await fresh(code, '1+1');
    expect(results.map((result) => result.kind)).toEqual(['memory', 'ok']);
    // The batch ends before a worker whose heap has grown is exchanged.
    expect(sandbox.workersReplaced - replaced).toBeLessThanOrEqual(1);
  });
});

describe('the outside', () => {
  it.each([
    'js',
    'pyodide_js',
    'pyodide',
    'pyodide.code',
    '_pyodide_core',
    'os',
    'sys',
    'time',
    'builtins',
    'socket',
  ])('import %s is refused', async (name) => {
    expect(last(await fresh(`import ${name}`))).toMatchObject({
      kind: 'error',
      message: expect.stringContaining(`ImportError: '${name}' cannot be imported`) as string,
    });
  });

  it.each(['math', 'random', 'fractions', 'decimal', 'itertools', 'functools', 'statistics', 're'])(
    'import %s works, also with a star',
    async (name) => {
      expect(await printed(`import ${name} as m`, `from ${name} import *\nm`)).toBe(`<module '${name}'>`);
    },
  );

  it.each([
    'input()',
    "open('/etc/passwd')",
    "eval('1')",
    "exec('a=1')",
    "compile('1', '', 'eval')",
    'globals()',
    'vars()',
    'dir()',
    'id(1)',
    'breakpoint()',
    "__import__('os')",
    '__builtins__',
    '().__class__.__bases__[0].__subclasses__()',
    '().__class__',
    "getattr((), '__class__')",
    'type(type(1))',
    "type('A', (), {})",
    '(lambda: 0).__globals__',
    'print.__self__',
    '(i for i in [1]).gi_frame',
    'import random\nrandom._os',
    'import random\nrandom.SystemRandom()',
    'import statistics\nstatistics.sys',
    'import re\nre.functools',
    'import functools\nfunctools.update_wrapper',
    'try: 1/0\nexcept Exception as e: e.__traceback__',
    "try: '{0.__globals__.x}'.format(lambda: 0)\nexcept AttributeError as e: e.obj",
    'match print:\n  case object(__self__=s): s',
    'class A:\n  __match_args__ = ("__self__",)',
    'class A:\n  def __del__(self): pass',
    '\uff3f\uff3fbuiltins\uff3f\uff3f',
    '().\uff3f\uff3fclass\uff3f\uff3f',
    '(1).  # a comment\\\n__class__',
    'object.__getattribute__((), "x")',
    'raise SystemExit',
    'raise KeyboardInterrupt',
  ])('%j is refused', async (code) => {
    const result = last(await fresh(code));
    expect(result).toMatchObject({ kind: 'error' });
    expect(result?.kind === 'error' ? result.message : '').toMatch(
      /^(NameError|AttributeError|TypeError|ImportError|SyntaxError): /,
    );
  });
});

describe('it is still Python', () => {
  it.each([
    [
      'class A:\n  def __init__(self, n): self.n = n\n  def __add__(self, o): return A(self.n + o.n)',
      'class B(A):\n  def __init__(self): super().__init__(5)\n(B() + A(2)).n',
      '7',
    ],
    [
      'try: 1/0\nexcept ZeroDivisionError as e: m = str(e)\nexcept: m = 0\nfinally: k = 1',
      'm, k',
      "('division by zero', 1)",
    ],
    ['def fact(n): return 1 if n < 2 else n * fact(n - 1)', 'f"{fact(20):,}"', "'2,432,902,008,176,640,000'"],
    ['match (1, 2):\n  case (int(a), b): c = a + b', 'c', '3'],
    ['from functools import reduce', 'reduce(lambda a, b: a * b, [1, 2, 3, 4])', '24'],
    [
      'from statistics import mean\nfrom fractions import Fraction',
      'mean([Fraction(1, 2), 1])',
      'Fraction(3, 4)',
    ],
    ['from decimal import *\ngetcontext().prec = 5', 'Decimal(1) / 3', "Decimal('0.33333')"],
    ['import re', "re.sub(r'\\d', lambda m: str(int(m[0]) + 1), 'a1b2')", "'a2b3'"],
    [
      'import math',
      'math.factorial(10), math.comb(50, 3), math.perm(5), math.e > 2',
      '(3628800, 19600, 120, True)',
    ],
    [
      'a = [3, 1, 2]',
      'sorted(a), {k: v for k, v in zip("ab", a)}, max(a, key=lambda x: -x)',
      "([1, 2, 3], {'a': 3, 'b': 1}, 1)",
    ],
  ])('%j, then %j', async (before, code, output) => {
    expect(await printed(before, code)).toBe(output);
  });
});

describe('whatever a policy writes', () => {
  it('gets one result per cell, and the worker lives on', async () => {
    const alphabet = "0123456789+-*/%= .,()_:'\nabcdefghijklmnopqrstuvwxyzE<|im_end|>";
    const code = fc.string({ unit: fc.constantFrom(...alphabet), maxLength: 24 });
    const replaced = sandbox.workersReplaced;
    await fc.assert(
      fc.asyncProperty(fc.array(code, { minLength: 40, maxLength: 40 }), async (codes) => {
        const results = await fresh(...codes);
        expect(results.length).toBe(codes.length);
        for (const result of results) expect(['ok', 'error', 'format', 'memory']).toContain(result.kind);
      }),
      { numRuns: 25, seed: 1 },
    );
    expect(sandbox.workersReplaced).toBe(replaced);
  });
});

describe('determinism', () => {
  const draw = 'import random\nrandom.random(), random.Random().random()';
  const normal = 'import statistics\nstatistics.NormalDist().samples(2)';
  const kernel = 'import statistics\nstatistics.kde_random([1, 2], 3)()';

  it.each([draw, normal, kernel])(
    'a cell draws the same numbers whenever its trajectory comes to it: %j',
    async (draw) => {
      const cells = [draw, draw].map((code) => ({ trajectory: -9, code }));
      const first = await sandbox.run(cells);
      sandbox.release([-9]);
      await fresh(draw);
      expect(await sandbox.run(cells)).toEqual(first);
      sandbox.release([-9]);
      expect(first[0]).not.toEqual(first[1]);
    },
  );

  it.each([draw, normal, kernel])('different trajectories draw different numbers: %j', async (draw) => {
    const [first] = await fresh(draw);
    expect(first?.kind).toBe('ok');
    expect(await fresh(draw)).not.toEqual([first]);
  });

  it('a cell does not say where in memory an object lies', async () => {
    const nowhere = '<function f at 0x...>';
    expect(await printed('def f(): pass\nprint(f)\nf')).toBe(`${nowhere}\n${nowhere}`);
    expect(await printed('def f(): pass\nraise ValueError(f)')).toMatchObject({
      message: `ValueError: ${nowhere}`,
    });
    expect(await printed('hex(31), "at 0x1f"')).toBe("('0x1f', 'at 0x1f')");
  });
});

describe('a cell whose text was seen before', () => {
  it('is run again, in the variables of its own trajectory', async () => {
    expect(await fresh('x = 2', 'x*10', 'x = 3', 'x*10')).toEqual([ok(''), ok('20'), ok(''), ok('30')]);
    expect(await printed('x = 7', 'x*10')).toBe('70');
    expect((await fresh('x*10'))[0]?.kind).toBe('error');
  });

  it('means what its names mean there, also where it only reads builtins elsewhere', async () => {
    expect(await printed('max(1, 2)')).toBe('2');
    expect(await printed('max = min', 'max(1, 2)')).toBe('1');
    expect(await printed('def max(*a):\n  global calls\n  calls = 1', 'max(1, 2)', 'calls')).toBe('1');
    expect(await printed('max(1, 2)')).toBe('2');
  });

  it('fails again as it failed', async () => {
    const failing = ['1 +', '(1).__class__', '1/0', 'y'];
    const first = await fresh(...failing);
    expect(first.map(({ kind }) => kind)).toEqual(failing.map(() => 'error'));
    expect(await fresh(...failing)).toEqual(first);
  });

  it('draws anew', async () => {
    const [, a, b] = await fresh('import random', 'random.random()', 'random.random()');
    expect(a).not.toEqual(b);
  });
});

describe('many small cells', () => {
  it('1,000 in one batch come back in order', async () => {
    const cells = Array.from({ length: 1000 }, (_, i) => ({ trajectory: 10_000 + i, code: `${i}*2+1` }));
    expect(await sandbox.run(cells)).toEqual(cells.map((_, i) => ok(String(i * 2 + 1))));
  });
});
