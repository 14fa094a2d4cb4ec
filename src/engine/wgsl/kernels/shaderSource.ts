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
  const lines: string[] = [];
  const origins: LineOrigin[] = [];
  const push = (text: string, origin: LineOrigin) => {
    lines.push(text);
    origins.push(origin);
  };
  const pushFirst = (text: string, origin: LineOrigin) => {
    lines.unshift(text);
    origins.unshift(origin);
  };
  for (const [name, value] of Object.entries(constants)) {
    const text =
      typeof value === 'boolean' ? `const ${name}: bool = ${value};` : `const ${name}: u32 = ${value}u;`;
    push(text, { file: `${file} (constants)`, line: 1 });
  }
  for (const [name, value] of Object.entries(floats)) {
    push(`const ${name}: f32 = ${floatConstant(value)};`, { file: `${file} (constants)`, line: 1 });
  }
  const included = new Set<string>();
  const visit = (name: string) => {
    if (included.has(name)) return;
    included.add(name);
    const source = files[name];
    if (source === undefined) throw new Error(`There is no shader file ${name}.`);
    const conditions: boolean[] = []; // innermost last
    let repeat: { variable: string; count: number; body: [string, LineOrigin][] } | undefined;
    source.split('\n').forEach((text, index) => {
      const origin = { file: name, line: index + 1 };
      const fail = (what: string) => new Error(`${name}:${origin.line}: ${what}.`);
      const [directive, argument = ''] = /^#(\w+)\s*(.*)$/.exec(text)?.slice(1) ?? [];
      const live = conditions.every(Boolean);
      switch (directive) {
        case 'if': {
          const value = constants[argument];
          if (value === undefined) throw fail(`no constant named ${argument}`);
          conditions.push(Boolean(value));
          break;
        }
        case 'else': {
          const condition = conditions.pop();
          if (condition === undefined) throw fail('#else without #if');
          conditions.push(!condition);
          break;
        }
        case 'endif':
          if (conditions.pop() === undefined) throw fail('#endif without #if');
          break;
        case 'for': {
          if (!live) break;
          if (repeat) throw fail('#for inside #for');
          const [variable = '', count = ''] = argument.split(/\s+/);
          const times = /^\d+$/.test(count) ? Number(count) : constants[count];
          if (typeof times !== 'number') throw fail(`no count named ${count}`);
          repeat = { variable, count: times, body: [] };
          break;
        }
        case 'end': {
          if (!live) break;
          if (!repeat) throw fail('#end without #for');
          for (let i = 0; i < repeat.count; i++) {
            for (const [line, from] of repeat.body)
              push(line.replaceAll(`{${repeat.variable}}`, String(i)), from);
          }
          repeat = undefined;
          break;
        }
        case 'include':
          if (live) visit(argument.replaceAll('"', ''));
          break;
        case undefined:
          if (!live) break;
          if (repeat) repeat.body.push([text, origin]);
          else if (text.startsWith('enable ')) pushFirst(text, origin);
          else push(text, origin);
          break;
        default:
          throw fail(`unknown directive #${directive}`);
      }
    });
    if (conditions.length > 0) throw new Error(`${name}: #if without #endif.`);
    if (repeat) throw new Error(`${name}: #for without #end.`);
  };
  visit(file);
  const code = lines.join('\n');
  const bindings = new Map<string, number>();
  for (const match of code.matchAll(/@group\(0\)\s*@binding\((\d+)\)\s*var<[^>]*>\s*(\w+)/g)) {
    bindings.set(match[2] ?? '', Number(match[1]));
  }
  return { code, origins, bindings };
}
