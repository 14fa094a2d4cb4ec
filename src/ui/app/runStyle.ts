/**
 * How runs are told apart, everywhere on the page: a colour (tokens.css), a dash and a marker, by numbers from 0.
 *
 * Colour 0 is always the sparse cold start and colour 1 the dense one. A dash and a marker go together. Invariants (runStyle.test.ts).
 * (1) Any two of the first eight places differ in colour, in dash and in marker. (2) No two of the first 64 are alike.
 */
export type Marker =
  | 'square'
  | 'circle'
  | 'triangle'
  | 'diamond'
  | 'triangleDown'
  | 'cross'
  | 'plus'
  | 'hexagon';

export interface RunStyle {
  /** A CSS colour: a variable, so it follows the scheme. */
  readonly colour: string;
  /** SVG's stroke-dasharray; a full line where absent. */
  readonly dash?: string;
  readonly marker: Marker;
}

export const runLetters = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'] as const;

/** In the order of places. Lengths in pixels, for lines about two pixels wide. */
const dashes = ['7 3', undefined, '2 3', '10 3 2 3', '4 2', '14 4', '8 3 2 3 2 3', '1 2'] as const;
const markers: readonly Marker[] = [
  'square',
  'circle',
  'triangle',
  'diamond',
  'triangleDown',
  'cross',
  'plus',
  'hexagon',
];

/** @param colour and @param dash which of the eight of each, from 0 */
export function runStyle(colour: number, dash: number = colour): RunStyle {
  const stroke = dashes[dash % dashes.length];
  return {
    colour: `var(--run-${runLetters[colour % runLetters.length]!})`,
    marker: markers[dash % markers.length]!,
    ...(stroke === undefined ? {} : { dash: stroke }),
  };
}

/** @param place of a run or a variant in its list, from 0 */
export function styleAt(place: number): RunStyle {
  return runStyle(place, place + Math.floor(place / runLetters.length));
}

/** A map, as names come from files: an object has a `constructor`. */
const ownPlaces: ReadonlyMap<string, number> = new Map([
  ['sparse', 0],
  ['dense', 1],
]);

/** The styles of a study's variants: the sparse and the dense cold start have their own, the others those behind; without either, in order. */
export function variantStyles(names: readonly string[]): readonly RunStyle[] {
  let next = names.some((name) => ownPlaces.has(name)) ? ownPlaces.size : 0;
  return names.map((name) => styleAt(ownPlaces.get(name) ?? next++));
}

/** An SVG path for a marker of radius `r` around (x, y), pixels. */
export function markerPath(marker: Marker, x: number, y: number, r: number): string {
  switch (marker) {
    case 'circle':
      return `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`;
    case 'square':
      return `M${x - r} ${y - r}h${2 * r}v${2 * r}h${-2 * r}z`;
    case 'triangle':
      return `M${x} ${y - r}l${r} ${2 * r}h${-2 * r}z`;
    case 'triangleDown':
      return `M${x} ${y + r}l${r} ${-2 * r}h${-2 * r}z`;
    case 'diamond':
      return `M${x} ${y - 1.25 * r}l${1.25 * r} ${1.25 * r}l${-1.25 * r} ${1.25 * r}l${-1.25 * r} ${-1.25 * r}z`;
    case 'hexagon':
      return `M${x - r} ${y}l${r / 2} ${-r}h${r}l${r / 2} ${r}l${-r / 2} ${r}h${-r}z`;
    case 'plus': {
      const arm = (2 * r) / 3;
      return `M${x - arm / 2} ${y - r}h${arm}v${arm}h${arm}v${arm}h${-arm}v${arm}h${-arm}v${-arm}h${-arm}v${-arm}h${arm}z`;
    }
    case 'cross': {
      const arm = r / 2;
      return `M${x - r} ${y - r + arm}l${arm} ${-arm}l${r - arm} ${r - arm}l${r - arm} ${-(r - arm)}l${arm} ${arm}l${-(r - arm)} ${r - arm}l${r - arm} ${r - arm}l${-arm} ${arm}l${-(r - arm)} ${-(r - arm)}l${-(r - arm)} ${r - arm}l${-arm} ${-arm}l${r - arm} ${-(r - arm)}z`;
    }
  }
}
