/**
 * The histogram of tool calls over time: a column per round, a row per number of calls, shade = share of trajectories.
 *
 * A canvas, redrawn only when the store's merged columns, its size or the colour scheme change. The figure around it holds the same numbers
 * as a table.
 */
import { memo, useEffect, useRef } from 'react';
import { useComputedColorScheme } from '@mantine/core';
import { useResizeObserver } from '@mantine/hooks';
import type { SeriesView } from '../../record/runSeries.ts';
import { plotMargin, yAxisWidth } from './plot.ts';
import styles from './heatMap.module.css';

interface Props {
  readonly columns: SeriesView['histograms'];
  /** The axis ends at this round. */
  readonly end: number;
  /** Rows below this many calls are in the collapse zone; null before there is one. */
  readonly zoneTop: number | null;
}

/** Most rows drawn; trajectories with more calls are counted in the top one. */
const mostRows = 20;

export const HeatMap = memo(function HeatMap({ columns, end, zoneTop }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [frame, size] = useResizeObserver<HTMLDivElement>();
  const scheme = useComputedColorScheme('light');
  const rows = rowCount(columns, zoneTop);
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return;
    const redraw = () => draw(element, { columns, end, zoneTop }, rows);
    redraw();
    // A crash of the browser's GPU process clears canvases, too.
    element.addEventListener('contextrestored', redraw);
    return () => element.removeEventListener('contextrestored', redraw);
  }, [columns, end, zoneTop, rows, size.width, size.height, scheme]);
  return (
    <div className={styles.map}>
      <div className={styles.axis} style={{ width: yAxisWidth }} aria-hidden="true">
        <span>{rows - 1}</span>
        <span>calls</span>
        <span>0</span>
      </div>
      <div className={styles.frame} style={{ marginRight: plotMargin.right }} ref={frame}>
        <canvas ref={canvas} className={styles.canvas} aria-hidden="true" />
        {columns.length === 0 ? (
          <p className={styles.hint}>
            A column per round, a row per number of calls; darker where more trajectories made that many.
          </p>
        ) : null}
      </div>
    </div>
  );
});

function rowCount(columns: Props['columns'], zoneTop: Props['zoneTop']): number {
  let most = Math.max(4, Math.ceil(zoneTop ?? 0) * 2);
  for (const { counts } of columns)
    most = Math.max(
      most,
      counts.findLastIndex((count) => count > 0),
    );
  return Math.min(most, mostRows - 1) + 1;
}

function draw(canvas: HTMLCanvasElement, { columns, end, zoneTop }: Props, rows: number): void {
  const { width, height } = canvas.getBoundingClientRect();
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext('2d');
  if (context === null || width === 0) return;
  const style = getComputedStyle(canvas);
  const inside = style.getPropertyValue('--lab-blue');
  const zone = style.getPropertyValue('--lab-vermillion');
  context.scale(ratio, ratio);
  const cellHeight = height / rows;
  const perRound = width / end;
  for (const { round, through, counts } of columns) {
    const all = counts.reduce((sum, count) => sum + count, 0);
    if (all === 0) continue;
    const x = (round - 1) * perRound;
    const cellWidth = Math.max(1, (through - round + 1) * perRound - (perRound > 4 ? 1 : 0));
    for (let row = 0; row < rows; row++) {
      const count = row === rows - 1 ? counts.slice(row).reduce((sum, n) => sum + n, 0) : (counts[row] ?? 0);
      if (count === 0) continue;
      context.globalAlpha = 0.1 + 0.9 * Math.sqrt(count / all);
      context.fillStyle = zoneTop !== null && row < zoneTop ? zone : inside;
      context.fillRect(x, height - (row + 1) * cellHeight, cellWidth, Math.max(1, cellHeight - 1));
    }
  }
}
