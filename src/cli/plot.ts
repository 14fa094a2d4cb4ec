/**
 * Plots of a study as SVG text: a line per variant with a band over its seeds, and a heat map.
 *
 * Pure, from numbers to text; the page draws the same study with its own charts. Plain SVG, because a report has to
 * open anywhere, years from now. Colours are Okabe and Ito's, which people with colour-blindness tell apart.
 */
const palette = ['#d55e00', '#0072b2', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000'];

const size = { width: 720, height: 320, left: 56, right: 190, top: 36, bottom: 44 } as const;

export interface Line {
  readonly title: string;
  /** x ascending; mean within min..max. */
  readonly points: readonly {
    readonly x: number;
    readonly mean: number;
    readonly min: number;
    readonly max: number;
  }[];
}

export interface LinePlot {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly lines: readonly Line[];
  /** Upper end of the y axis; by default the largest value. The axis begins at 0. */
  readonly yMax?: number;
  /** Vertical lines with a word, e.g. where a stage begins. */
  readonly marks?: readonly { readonly x: number; readonly text: string }[];
}

export function linePlot({ title, xLabel, yLabel, lines, yMax, marks = [] }: LinePlot): string {
  const points = lines.flatMap((line) => line.points);
  const xs = points.map(({ x }) => x);
  const [low, high] = [Math.min(...xs), Math.max(...xs)];
  const top = niceCeiling(yMax ?? Math.max(...points.map(({ max }) => max), 1e-9));
  const { width, height, left, right, bottom } = size;
  const x = (value: number) => left + ((value - low) / Math.max(1e-9, high - low)) * (width - left - right);
  const y = (value: number) => height - bottom - (value / top) * (height - bottom - size.top);
  const grid = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const value = share * top;
    return (
      `<line x1="${left}" x2="${width - right}" y1="${fixed(y(value))}" y2="${fixed(y(value))}" stroke="#ddd"/>` +
      text(left - 8, y(value) + 4, label(value), 'end')
    );
  });
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const value = Math.round(low + share * (high - low));
    return text(x(value), height - bottom + 18, `${value}`, 'middle');
  });
  const drawn = lines.map((line, i) => {
    const colour = palette[i % palette.length] ?? '#000';
    const upper = line.points.map((p) => `${fixed(x(p.x))},${fixed(y(p.max))}`);
    const lower = line.points.map((p) => `${fixed(x(p.x))},${fixed(y(p.min))}`).reverse();
    const mean = line.points.map((p) => `${fixed(x(p.x))},${fixed(y(p.mean))}`);
    const legend = size.top + 12 + 22 * i;
    return (
      `<polygon points="${[...upper, ...lower].join(' ')}" fill="${colour}" opacity="0.18"/>` +
      `<polyline points="${mean.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>` +
      `<line x1="${width - right + 14}" x2="${width - right + 34}" y1="${legend}" y2="${legend}" stroke="${colour}" stroke-width="3"/>` +
      text(width - right + 40, legend + 4, line.title, 'start')
    );
  });
  const verticals = marks.map(
    (mark) =>
      `<line x1="${fixed(x(mark.x))}" x2="${fixed(x(mark.x))}" y1="${size.top}" y2="${height - bottom}" stroke="#888" stroke-dasharray="3 3"/>` +
      text(x(mark.x) + 4, size.top + 10, mark.text, 'start', '#666'),
  );
  return svg(width, height, title, [
    text(left, 20, title, 'start', '#111', true),
    ...grid,
    ...ticks,
    ...verticals,
    ...drawn,
    text((left + width - right) / 2, height - 8, xLabel, 'middle'),
    `<g transform="translate(14 ${(size.top + height - bottom) / 2}) rotate(-90)">${text(0, 0, yLabel, 'middle')}</g>`,
  ]);
}

export interface HeatMapPlot {
  readonly title: string;
  readonly rowLabel: string;
  readonly columnLabel: string;
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  /** Shares 0..1, null where not measured. // [rows][columns] */
  readonly values: readonly (readonly (number | null)[])[];
}

export function heatMapPlot({ title, rowLabel, columnLabel, rows, columns, values }: HeatMapPlot): string {
  const cell = { width: 70, height: 40 };
  const [left, top] = [130, 70];
  const cells = rows.flatMap((_, r) =>
    columns.map((_, c) => {
      const value = values[r]?.[c] ?? null;
      const [x, y] = [left + c * cell.width, top + r * cell.height];
      // From white to a dark blue; the number is white where the ground is dark.
      const ground =
        value === null
          ? '#f4f4f4'
          : `rgb(${[0, 92, 175].map((blue) => Math.round(255 + value * (blue - 255))).join(' ')})`;
      return (
        `<rect x="${x}" y="${y}" width="${cell.width}" height="${cell.height}" fill="${ground}" stroke="#fff"/>` +
        text(
          x + cell.width / 2,
          y + cell.height / 2 + 4,
          value === null ? '–' : `${Math.round(100 * value)}%`,
          'middle',
          value !== null && value > 0.55 ? '#fff' : '#222',
        )
      );
    }),
  );
  const width = left + columns.length * cell.width + 20;
  const height = top + rows.length * cell.height + 20;
  return svg(width, height, title, [
    text(12, 20, title, 'start', '#111', true),
    text(left + (columns.length * cell.width) / 2, 42, columnLabel, 'middle'),
    text(12, top - 10, rowLabel, 'start'),
    ...columns.map((name, c) => text(left + (c + 0.5) * cell.width, top - 8, name, 'middle')),
    ...rows.map((name, r) => text(left - 10, top + (r + 0.5) * cell.height + 4, name, 'end')),
    ...cells,
  ]);
}

function svg(width: number, height: number, title: string, parts: readonly string[]): string {
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" ` +
    `font-family="system-ui, sans-serif" font-size="12"><title>${escapeText(title)}</title><rect width="100%" height="100%" fill="#fff"/>${parts.join('')}</svg>\n`
  );
}

function text(
  x: number,
  y: number,
  words: string,
  anchor: 'start' | 'middle' | 'end',
  colour = '#333',
  bold = false,
): string {
  return `<text x="${fixed(x)}" y="${fixed(y)}" text-anchor="${anchor}" fill="${colour}"${bold ? ' font-weight="600" font-size="14"' : ''}>${escapeText(words)}</text>`;
}

function escapeText(words: string): string {
  return words.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}

const fixed = (value: number) => value.toFixed(1);
const label = (value: number) => (value >= 10 ? value.toFixed(0) : value.toFixed(2).replace(/\.?0+$/, ''));

/** The next of 1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8 times a power of ten. */
function niceCeiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const step =
    [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find((factor) => factor * power >= value - 1e-12) ?? 10;
  return step * power;
}
