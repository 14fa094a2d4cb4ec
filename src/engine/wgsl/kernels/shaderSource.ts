/**
 * From a `.wgsl` file to the text a device compiles: constants, `#include` and `#if`, and the way back from the
 * compiler's line numbers to the file's.
 *
 * Invariant: every line of the output knows the file and line it came from, so a compilation error names them.
 * The pass knows, each alone on its line: `#include "file.wgsl"` (once per output, later mentions are dropped); `#if NAME`
 * / `#else` / `#endif` (NAME must be a constant; false and 0 are off); `#for X COUNT` / `#end`, which repeats its lines with
 * `{X}` replaced by 0, 1, ... COUNT - 1 (a number or a constant), so that what a thread keeps stays in registers:
 * a dynamically indexed private array does not. Constants become WGSL `const`s; `enable` lines go above them, where WGSL wants them.
 */

export type ShaderConstants = Readonly<Record<string, number | boolean>>;

export interface LineOrigin {
  readonly file: string;
  readonly line: number; // 1-based
}

export interface ShaderSource {
  readonly code: string;
  /** Where each line of `code` came from. // [lines of code] */
  readonly origins: readonly LineOrigin[];
  /** Binding numbers of group 0 by variable name, as declared in the lines that were kept. */
  readonly bindings: ReadonlyMap<string, number>;
}

/** Floats are marked by the caller with this wrapper's result, since `1` may mean `1u` or `1.0` in WGSL. */
export function floatConstant(value: number): string {
  const text = String(Math.fround(value));
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/**
 * Expand `file` with `constants` (whole numbers become `u32`, booleans `bool`) and `floats` (become `f32`).
 * Throws on an unknown file, an unknown constant in `#if`, or an unbalanced `#if`.
 */
export function expandShader(
  files: Readonly<Record<string, string>>,
  file: string,
  constants: ShaderConstants,
  floats: Readonly<Record<string, number>> = {},
): ShaderSource {
  const expansion = new Expansion(files, constants);
  expansion.declare(`${file} (constants)`, floats);
  expansion.include(file);
  const code = expansion.lines.map(({ text }) => text).join('\n');
  return { code, origins: expansion.lines.map(({ origin }) => origin), bindings: bindingsOf(code) };
}

interface Line {
  readonly text: string;
  readonly origin: LineOrigin;
}

const directives = new Set(['include', 'if', 'else', 'endif', 'for', 'end']);

class Expansion {
  readonly lines: Line[] = [];
  readonly #files: Readonly<Record<string, string>>;
  readonly #constants: ShaderConstants;
  readonly #included = new Set<string>();

  constructor(files: Readonly<Record<string, string>>, constants: ShaderConstants) {
    this.#files = files;
    this.#constants = constants;
  }

  declare(file: string, floats: Readonly<Record<string, number>>): void {
    const origin = { file, line: 1 };
    for (const [name, value] of Object.entries(this.#constants)) {
      const declaration = typeof value === 'boolean' ? `bool = ${value}` : `u32 = ${value}u`;
      this.lines.push({ text: `const ${name}: ${declaration};`, origin });
    }
    for (const [name, value] of Object.entries(floats)) {
      this.lines.push({ text: `const ${name}: f32 = ${floatConstant(value)};`, origin });
    }
  }

  include(name: string): void {
    if (this.#included.has(name)) return;
    this.#included.add(name);
    const source = this.#files[name];
    if (source === undefined) throw new Error(`There is no shader file ${name}.`);
    const conditions: boolean[] = []; // innermost last
    let loop: Loop | undefined;
    source.split('\n').forEach((text, index) => {
      const origin = { file: name, line: index + 1 };
      const fail = (what: string) => new Error(`${name}:${origin.line}: ${what}.`);
      const [, directive, argument = ''] = /^#(\w+)\s*(.*)$/.exec(text) ?? [];
      if (directive !== undefined && !directives.has(directive))
        throw fail(`unknown directive #${directive}`);
      if (directive !== undefined && readCondition(directive, argument, conditions, this.#constants, fail))
        return;
      if (!conditions.every(Boolean)) return;
      switch (directive) {
        case undefined:
          if (loop) loop.body.push({ text, origin });
          else if (text.startsWith('enable ')) this.lines.unshift({ text, origin });
          else this.lines.push({ text, origin });
          break;
        case 'include':
          this.include(argument.replaceAll('"', ''));
          break;
        case 'for':
          if (loop) throw fail('#for inside #for');
          loop = loopOf(argument, this.#constants, fail);
          break;
        case 'end':
          if (!loop) throw fail('#end without #for');
          this.lines.push(...unrolled(loop));
          loop = undefined;
          break;
      }
    });
    if (conditions.length > 0) throw new Error(`${name}: #if without #endif.`);
    if (loop) throw new Error(`${name}: #for without #end.`);
  }
}

/** `#if`, `#else` and `#endif` change `conditions`. @returns whether the directive was one of them */
function readCondition(
  directive: string,
  argument: string,
  conditions: boolean[],
  constants: ShaderConstants,
  fail: (what: string) => Error,
): boolean {
  switch (directive) {
    case 'if': {
      const value = constants[argument];
      if (value === undefined) throw fail(`no constant named ${argument}`);
      conditions.push(Boolean(value));
      return true;
    }
    case 'else': {
      const condition = conditions.pop();
      if (condition === undefined) throw fail('#else without #if');
      conditions.push(!condition);
      return true;
    }
    case 'endif':
      if (conditions.pop() === undefined) throw fail('#endif without #if');
      return true;
    default:
      return false;
  }
}

interface Loop {
  readonly variable: string;
  readonly count: number;
  readonly body: Line[];
}

function loopOf(argument: string, constants: ShaderConstants, fail: (what: string) => Error): Loop {
  const [variable = '', count = ''] = argument.split(/\s+/);
  const times = /^\d+$/.test(count) ? Number(count) : constants[count];
  if (typeof times !== 'number') throw fail(`no count named ${count}`);
  return { variable, count: times, body: [] };
}

function unrolled({ variable, count, body }: Loop): Line[] {
  return Array.from({ length: count }, (_, i) =>
    body.map(({ text, origin }) => ({ text: text.replaceAll(`{${variable}}`, String(i)), origin })),
  ).flat();
}

function bindingsOf(code: string): ReadonlyMap<string, number> {
  const declarations = code.matchAll(/@group\(0\)\s*@binding\((\d+)\)\s*var<[^>]*>\s*(\w+)/g);
  return new Map([...declarations].map(([, binding, name]) => [name!, Number(binding)]));
}
