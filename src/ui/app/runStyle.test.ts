import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { markerPath, runLetters, runStyle, styleAt, variantStyles } from './runStyle.ts';

const css = readFileSync(new URL('./tokens.css', import.meta.url), 'utf8');
/** The declarations of the first rule with this selector. */
const rule = (selector: string): Map<string, string> => {
  const start = css.indexOf(`${selector} {`);
  const body = css.slice(start, css.indexOf('\n}', start));
  return new Map([...body.matchAll(/(--[\w-]+): ([^;]+);/g)].map(([, name, value]) => [name!, value!]));
};
const schemes = { light: rule(':root'), dark: rule(":root[data-mantine-color-scheme='dark']") };

/** Linear RGB of "#rrggbb". */
const linear = (hex: string): number[] =>
  [1, 3, 5].map((at) => {
    const c = parseInt(hex.slice(at, at + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
const times = (matrix: readonly (readonly number[])[], v: readonly number[]) =>
  matrix.map((row) => row.reduce((sum, m, i) => sum + m * v[i]!, 0));
const luminance = (rgb: readonly number[]) => times([[0.2126, 0.7152, 0.0722]], rgb)[0]!;
const contrast = (a: string, b: string): number => {
  const [low, high] = [luminance(linear(a)), luminance(linear(b))].sort((p, q) => p - q);
  return (high! + 0.05) / (low! + 0.05);
};
/** https://bottosson.github.io/posts/oklab/ */
const oklab = (rgb: readonly number[]): number[] => {
  const cones = times(
    [
      [0.4122214708, 0.5363325363, 0.0514459929],
      [0.2119034982, 0.6806995451, 0.1073969566],
      [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    rgb,
  ).map(Math.cbrt);
  return times(
    [
      [0.2104542553, 0.793617785, -0.0040720468],
      [1.9779984951, -2.428592205, 0.4505937099],
      [0.0259040371, 0.7827717662, -0.808675766],
    ],
    cones,
  );
};
/** Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB. */
const visions = {
  full: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
} as const;

describe.each(['light', 'dark'] as const)('the colours of runs, %s', (scheme) => {
  const value = (name: string) => schemes[scheme].get(name)!;
  const colours = runLetters.map((letter) => value(`--run-${letter}`));

  it('have 3:1 on every ground', () => {
    for (const ground of ['--lab-bg', '--lab-surface', '--lab-inset'])
      for (const colour of colours) expect(contrast(colour, value(ground))).toBeGreaterThanOrEqual(3);
  });

  it.each(Object.keys(visions) as (keyof typeof visions)[])('differ with %s', (vision) => {
    const seen = colours.map((colour) =>
      oklab(times(visions[vision], linear(colour)).map((c) => Math.min(1, Math.max(0, c)))),
    );
    for (const [i, a] of seen.entries())
      for (const b of seen.slice(0, i))
        expect(Math.hypot(a[0]! - b[0]!, a[1]! - b[1]!, a[2]! - b[2]!)).toBeGreaterThan(0.08);
  });
});

describe('the style of a run', () => {
  it('differs in colour, dash and marker among the first eight', () => {
    const styles = runLetters.map((_, place) => styleAt(place));
    for (const key of ['colour', 'dash', 'marker'] as const)
      expect(new Set(styles.map((style) => style[key])).size).toBe(8);
  });

  it('is used once among the first 64', () => {
    const styles = Array.from({ length: 64 }, (_, place) => JSON.stringify(styleAt(place)));
    expect(new Set(styles).size).toBe(64);
  });

  it('of a study’s dense and sparse variants is theirs, in whatever order they come', () => {
    expect(variantStyles(['dense', 'sparse'])).toEqual([styleAt(1), styleAt(0)]);
    expect(variantStyles(['x', 'dense', 'y'])).toEqual([styleAt(2), styleAt(1), styleAt(3)]);
    expect(variantStyles(['x', 'y'])).toEqual([styleAt(0), styleAt(1)]);
    expect(variantStyles(['constructor', 'dense'])).toEqual([styleAt(2), styleAt(1)]);
  });

  it('draws markers around their point, about as large as their radius', () => {
    for (const [place] of runLetters.entries()) {
      const { left, right, top, bottom } = extent(markerPath(runStyle(place).marker, 10, 20, 4));
      expect(left + right).toBeCloseTo(20);
      expect(top + bottom).toBeCloseTo(40);
      for (const size of [right - left, bottom - top]) {
        expect(size).toBeGreaterThanOrEqual(8 - 1e-9);
        expect(size).toBeLessThanOrEqual(10);
      }
    }
  });
});

/** The box around a path of M, l, h and v; an arc is taken as the circle that it is half of. */
function extent(path: string) {
  let [x, y] = [0, 0];
  const xs: number[] = [];
  const ys: number[] = [];
  for (const [, command, rest] of path.matchAll(/([Mlhva])([^Mlhvaz]*)/g)) {
    const n = [...rest!.matchAll(/-?\d+(\.\d+)?(e-?\d+)?/g)].map(([number]) => Number(number));
    if (command === 'M') [x, y] = [n[0]!, n[1]!];
    else if (command === 'l') [x, y] = [x + n[0]!, y + n[1]!];
    else if (command === 'h') x += n[0]!;
    else if (command === 'v') y += n[0]!;
    else {
      ys.push(y - n[0]!, y + n[0]!);
      x += n[5]!;
    }
    xs.push(x);
    ys.push(y);
  }
  return { left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys) };
}
