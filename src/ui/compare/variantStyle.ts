/**
 * How a study's variants are told apart: a colour and a dash, by their place in the study.
 *
 * Invariant (compare.test.tsx): no two variants share both. The first, in most experiments the one with the fewest calls, has the colour of
 * the collapse zone.
 */
export interface VariantStyle {
  readonly colour: string;
  /** SVG's stroke-dasharray; a full line where absent. */
  readonly dash?: string;
}

const colours = ['vermillion', 'blue', 'green', 'purple', 'orange', 'grey'].map(
  (name) => `var(--lab-${name})`,
);
const dashes = [undefined, '7 3', '2 3', '9 3 2 3', '4 2'];

export function variantStyle(place: number): VariantStyle {
  const colour = colours[place % colours.length]!;
  // Two variants next to each other differ in both.
  const turn = Math.floor(place / colours.length);
  const dash = dashes[(place + turn) % dashes.length];
  return dash === undefined ? { colour } : { colour, dash };
}

/** The run shown on the page, laid over the study. */
export const runStyle: VariantStyle = { colour: 'var(--lab-ink)' };
