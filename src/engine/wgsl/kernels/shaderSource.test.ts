import { describe, expect, test } from 'vitest';
import { expandShader } from './shaderSource.ts';

const files = {
  'shared.wgsl': 'fn shared() {}\n',
  'main.wgsl': [
    '#include "shared.wgsl"',
    '#include "shared.wgsl"',
    '@group(0) @binding(2) var<storage, read> x: array<f32>;',
    '#if WIDE',
    '@group(0) @binding(7) var<uniform> y: u32;',
    '#else',
    'narrow',
    '#endif',
    '#for I COUNT',
    'let a{I} = x[{I}u];',
    '#end',
    'last',
  ].join('\n'),
};

describe('expandShader', () => {
  test('declares constants, includes once, keeps the live branch, repeats', () => {
    const { code, bindings } = expandShader(files, 'main.wgsl', { WIDE: false, COUNT: 2 }, { SCALE: 1 });
    expect(code.split('\n')).toEqual([
      'const WIDE: bool = false;',
      'const COUNT: u32 = 2u;',
      'const SCALE: f32 = 1.0;',
      'fn shared() {}',
      '',
      '@group(0) @binding(2) var<storage, read> x: array<f32>;',
      'narrow',
      'let a0 = x[0u];',
      'let a1 = x[1u];',
      'last',
    ]);
    expect([...bindings]).toEqual([['x', 2]]);
  });

  test('knows the bindings of the live branch only', () => {
    const { bindings } = expandShader(files, 'main.wgsl', { WIDE: true, COUNT: 0 });
    expect([...bindings]).toEqual([
      ['x', 2],
      ['y', 7],
    ]);
  });

  test('every line knows where it came from', () => {
    const { code, origins } = expandShader(files, 'main.wgsl', { WIDE: false, COUNT: 2 });
    const lines = code.split('\n');
    expect(origins.length).toBe(lines.length);
    expect(origins[lines.indexOf('fn shared() {}')]).toEqual({ file: 'shared.wgsl', line: 1 });
    expect(origins[lines.indexOf('let a1 = x[1u];')]).toEqual({ file: 'main.wgsl', line: 10 });
    expect(origins[lines.indexOf('last')]).toEqual({ file: 'main.wgsl', line: 12 });
  });

  test.each([
    ['#if MISSING\n#endif', /no constant named MISSING/],
    ['#endif', /#endif without #if/],
    ['#else', /#else without #if/],
    ['#if A', /#if without #endif/],
    ['#for I N\n#end', /no count named N/],
    ['#for I 2', /#for without #end/],
    ['#include "gone.wgsl"', /no shader file gone\.wgsl/],
    ['#what', /unknown directive/],
  ])('refuses %j', (source, message) => {
    expect(() => expandShader({ 'a.wgsl': source }, 'a.wgsl', { A: 1 })).toThrow(message);
  });

  test('puts what a kernel enables above everything, and still knows its line', () => {
    const files = { 'k.wgsl': '// a kernel\n#if LANES\nenable subgroups;\n#endif\nfn f() {}' };
    const { code, origins } = expandShader(files, 'k.wgsl', { LANES: 8 });
    expect(code.split('\n')).toEqual([
      'enable subgroups;',
      'const LANES: u32 = 8u;',
      '// a kernel',
      'fn f() {}',
    ]);
    expect(origins.map(({ line }) => line)).toEqual([3, 1, 1, 5]);
    expect(expandShader(files, 'k.wgsl', { LANES: 0 }).code).not.toContain('enable');
  });
});
