/**
 * How the calls of the run in focus are spread, round by round: the heat map with its key, and each cell's numbers at the cursor.
 */
import { useMemo } from 'react';
import type { HistogramColumn } from '../../record/histograms.ts';
import { formatShare } from '../app/format.ts';
import { ChartFigure } from './ChartFigure.tsx';
import { chartRuns, leading, sameRoundRuns } from './chartRuns.ts';
import { useChartView, type ChartView } from './chartView.ts';
import { densityDefinition } from './definitions.ts';
import { edgesOf, heatCells, heatRows, opacityOf } from './heatCells.ts';
import { HeatMap, heatColours, heatMarkup, type HeatDrawing } from './HeatMap.tsx';
import type { NumberTable } from './numberTable.ts';
import { wideFrame } from './plot.ts';
import { zoneTopOf } from './roundAxis.ts';
import { plotOf, roundMap } from './plotModel.ts';
import { PlotSurface } from './PlotSurface.tsx';
import { useInTurn } from './turns.ts';
import styles from './heatMap.module.css';
import surface from './surface.module.css';

const turn = { select: chartRuns, pace: 250, same: sameRoundRuns };
const selectAll = (view: ChartView) => view;

export function SpreadFigure({ narrow }: { narrow: boolean }) {
  const runs = useInTurn(turn);
  const view = useChartView(selectAll);
  const focus = leading(runs);
  const { series, collapse } = focus.view;
  const zoneTop = zoneTopOf(collapse);
  const named = runs.length > 1;
  const frame = useMemo(() => ({ ...wideFrame(named, narrow), top: 2, bottom: 2 }), [named, narrow]);
  const { x } = useMemo(() => plotOf(runs, densityDefinition, { view, pixels: 10, ticks: 8 }), [runs, view]);
  const columns = useMemo(() => {
    const map = roundMap(focus, view.xKind);
    if (map === null) return [];
    const byRound = view.xKind === 'round';
    return series.histograms.map((column) => {
      const [from, to] = edgesOf(column.round, column.through, map, byRound);
      return { ...column, from, to, at: byRound ? (from + to) / 2 : to };
    });
  }, [focus, view.xKind, series.histograms]);
  const drawing = useMemo((): HeatDrawing => {
    const rows = heatRows(columns, zoneTop);
    const edges = (column: HistogramColumn) => {
      const own = columns.find(({ round }) => round === column.round)!;
      return [own.from, own.to] as const;
    };
    return { rows, cells: heatCells(columns, rows, edges), domain: x.domain, zoneTop };
  }, [columns, zoneTop, x.domain]);
  const xs = useMemo(() => columns.map(({ at }) => at), [columns]);
  const columnAt = (at: number) => columns.findLast((column) => column.at <= at + 1e-9) ?? columns[0];
  return (
    <ChartFigure
      wide
      id="histogram"
      title="How the calls are spread"
      help="The histogram of tool calls over time: a column per round, a row per number of calls; the darker a cell, the more of that round’s trajectories made that many calls. It shows the run in focus."
      {...(named ? { subtitle: focus.name } : {})}
      aside={<Key />}
      table={() => histogramTable(series.histograms)}
      hasNumbers={columns.length > 0}
      markup={(box) => heatMarkup(drawing, box)}
      summary={columns.length === 0 ? 'No numbers yet.' : `${columns.length} columns.`}
      draw={() => (
        <>
          <HeatMap {...drawing} frame={frame} />
          <PlotSurface
            up
            chart="histogram"
            title="How the calls are spread"
            axis="rounds"
            x={x}
            xs={xs}
            frame={frame}
            read={(at) => {
              const column = columnAt(at);
              return column === undefined ? 'nothing measured here' : spreadText(column);
            }}
            tell={(at, y) => {
              const column = columnAt(at);
              if (column === undefined) return null;
              const row = y === null ? null : Math.min(drawing.rows - 1, Math.floor((1 - y) * drawing.rows));
              return <CellRows column={column} row={row} rows={drawing.rows} />;
            }}
          />
        </>
      )}
    />
  );
}

/** What colour and shade mean. */
function Key() {
  const ramp = (colour: string) => {
    const at = (share: number) => `color-mix(in srgb, ${colour} ${100 * opacityOf(share)}%, transparent)`;
    return { background: `linear-gradient(to right, ${at(0)}, ${at(0.1)} 25%, ${at(0.4)} 60%, ${at(1)})` };
  };
  return (
    <span className={styles.key} data-testid="heat-key">
      few <span className={styles.ramp} style={ramp(heatColours.inside)} aria-hidden="true" /> all of a
      round’s trajectories
      <span className={styles.zoneKey}>
        {' '}
        ·{' '}
        <span
          className={styles.ramp}
          style={{ ...ramp(heatColours.zone), display: 'inline-block' }}
          aria-hidden="true"
        />{' '}
        in the collapse zone
      </span>
    </span>
  );
}

const calls = (count: number, more: boolean) =>
  `${count}${more ? ' or more' : ''} ${count === 1 && !more ? 'call' : 'calls'}`;
const total = ({ counts }: HistogramColumn) => counts.reduce((sum, count) => sum + count, 0);

function spreadText(column: HistogramColumn): string {
  const all = total(column);
  const parts = column.counts.flatMap((count, row) =>
    count === 0 ? [] : [`${calls(row, false)} ${formatShare(count / Math.max(1, all))}`],
  );
  return `${parts.join(', ')} of ${all} trajectories`;
}

interface CellProps {
  readonly column: HistogramColumn;
  /** The pointer's row; the fullest where there is none. */
  readonly row: number | null;
  readonly rows: number;
}

function CellRows({ column, row, rows }: CellProps) {
  const all = total(column);
  const of = (at: number) =>
    at === rows - 1 ? column.counts.slice(at).reduce((sum, n) => sum + n, 0) : (column.counts[at] ?? 0);
  const fullest = column.counts.indexOf(Math.max(...column.counts));
  const shown = row ?? Math.min(rows - 1, fullest);
  return (
    <>
      {column.through > column.round ? (
        <div className={surface.tipRow}>
          rounds {column.round} to {column.through}
        </div>
      ) : null}
      <div className={surface.tipRow}>
        {calls(shown, shown === rows - 1)}
        <b>{formatShare(of(shown) / Math.max(1, all))}</b>
      </div>
      <div className={surface.tipRow}>
        {of(shown)} of {all} trajectories
      </div>
    </>
  );
}

function histogramTable(columns: readonly HistogramColumn[]): NumberTable {
  const most = columns.reduce((most, { counts }) => Math.max(most, counts.length), 1);
  return {
    columns: [
      { label: 'Round', format: String },
      ...Array.from({ length: most }, (_, row) => ({ label: calls(row, false), format: formatShare })),
    ],
    rows: columns.map((column) => {
      const { round, through, counts } = column;
      const head = round === through ? round : `${round}–${through}`;
      return [
        head,
        ...Array.from({ length: most }, (_, row) => (counts[row] ?? 0) / Math.max(1, total(column))),
      ];
    }),
  };
}
