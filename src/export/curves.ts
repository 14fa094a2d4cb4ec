/**
 * A run's curves as one SVG: small panels, one a metric, on the rounds of rollouts. Plain SVG, because a model card has to open
 * anywhere; the page draws the same series with its own charts.
 */
import { metricDefinition, type MetricName } from '../metrics/registry.ts';
import type { SeriesColumns } from '../record/metricSeries.ts';

/** What a card shows: whether the tool is still called, whether answers are right, how long they are, whether it still explores. */
export const cardMetrics: readonly MetricName[] = [
  'tool_use/avg_tool_calls_per_trajectory',
  'critic/score/mean',
  'response_length/mean',
  'actor/entropy',
];

const panel = { width: 340, height: 180, left: 48, right: 12, top: 32, bottom: 28 } as const;

/** @param marks rounds at which something begins, with a word */
export function curvesSvg(
  { x, metrics }: SeriesColumns,
  marks: readonly { readonly x: number; readonly text: string }[],
): string {
  const [first = 0, last = 1] = [x[0], x.at(-1)];
  const panels = cardMetrics.map((name, i) => {
    const column = metrics[name] ?? [];
    const points = x.flatMap((round, row) => {
      const value = column[row];
      return value === null || value === undefined ? [] : [{ round, value }];
    });
    const top = Math.max(1e-9, ...points.map(({ value }) => value));
    const atX = (round: number) =>
      panel.left +
      ((round - first) / Math.max(1e-9, last - first)) * (panel.width - panel.left - panel.right);
    const atY = (value: number) =>
      panel.height - panel.bottom - (Math.max(0, value) / top) * (panel.height - panel.top - panel.bottom);
    const { label, unit } = metricDefinition(name);
    const line = points.map(({ round, value }) => `${fixed(atX(round))},${fixed(atY(value))}`).join(' ');
    const base = panel.height - panel.bottom;
    return [
      `<g transform="translate(${(i % 2) * panel.width} ${Math.floor(i / 2) * panel.height})">`,
      text(panel.left, 18, `${label}${unit === '' ? '' : ` (${unit})`}`, 'start'),
      `<path d="M${panel.left} ${panel.top}V${base}H${panel.width - panel.right}" fill="none" stroke="#999"/>`,
      ...marks.map(
        (mark) =>
          `<line x1="${fixed(atX(mark.x))}" x2="${fixed(atX(mark.x))}" y1="${panel.top}" y2="${base}" stroke="#bbb" stroke-dasharray="3 3"/>` +
          text(atX(mark.x) + 3, panel.top + 8, mark.text, 'start', 9),
      ),
      text(panel.left - 6, panel.top + 6, short(top), 'end'),
      text(panel.left - 6, base, '0', 'end'),
      text(panel.left, panel.height - 10, `${first}`, 'middle'),
      text(panel.width - panel.right, panel.height - 10, `round ${last}`, 'end'),
      points.length === 1
        ? `<circle cx="${line.split(',')[0] ?? '0'}" cy="${line.split(',')[1] ?? '0'}" r="2.5" fill="#0072b2"/>`
        : `<polyline points="${line}" fill="none" stroke="#0072b2" stroke-width="1.8"/>`,
      '</g>',
    ].join('\n');
  });
  const [width, height] = [2 * panel.width, Math.ceil(cardMetrics.length / 2) * panel.height];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="sans-serif" font-size="11">
<rect width="${width}" height="${height}" fill="#fff"/>
${panels.join('\n')}
</svg>
`;
}

function text(x: number, y: number, words: string, anchor: 'start' | 'middle' | 'end', size = 11): string {
  const escaped = words.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${fixed(x)}" y="${fixed(y)}" font-size="${size}" text-anchor="${anchor}" fill="#333">${escaped}</text>`;
}

const fixed = (value: number) => value.toFixed(1);
const short = (value: number) => (value >= 100 ? value.toFixed(0) : value.toPrecision(2));
