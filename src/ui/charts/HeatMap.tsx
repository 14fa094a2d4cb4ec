/**
 * The drawing of the histogram over time, on a canvas: redrawn only when its cells, its size or the colour scheme change.
 *
 * The figure around it holds the same numbers as a table, the surface over it tells a cell's.
 */
import { memo, useEffect, useRef } from 'react';
import { useComputedColorScheme } from '@mantine/core';
import { useResizeObserver } from '@mantine/hooks';
import { opacityOf, type HeatCell } from './heatCells.ts';
import type { Domain } from './lines.ts';
import type { PlotFrame } from './plot.ts';
import styles from './heatMap.module.css';

export interface HeatDrawing {
  readonly cells: readonly HeatCell[];
  readonly rows: number;
  readonly domain: Domain;
  /** Rows below this many calls are in the collapse zone; null before there is one. */
  readonly zoneTop: number | null;
}

interface Props extends HeatDrawing {
  readonly frame: PlotFrame;
}

export const heatColours = { inside: 'var(--lab-blue)', zone: 'var(--lab-vermillion)' } as const;

export const HeatMap = memo(function HeatMap({ cells, rows, domain, zoneTop, frame }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [box, size] = useResizeObserver<HTMLDivElement>();
  const scheme = useComputedColorScheme('light');
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return;
    const redraw = () => draw(element, { cells, rows, domain, zoneTop });
    redraw();
    // A crash of the browser's GPU process clears canvases, too.
    element.addEventListener('contextrestored', redraw);
    return () => element.removeEventListener('contextrestored', redraw);
  }, [cells, rows, domain, zoneTop, size.width, size.height, scheme]);
  return (
    <>
      <div
        className={styles.axis}
        style={{ width: frame.left, bottom: frame.bottom, top: frame.top }}
        aria-hidden="true"
      >
        <span>{rows - 1}</span>
        <span>calls</span>
        <span>0</span>
      </div>
      <div className={styles.frame} style={{ ...frame }} ref={box}>
        <canvas ref={canvas} className={styles.canvas} aria-hidden="true" />
        {cells.length === 0 ? (
          <p className={styles.hint}>
            A column per round, a row per number of calls; darker where more trajectories made that many.
          </p>
        ) : null}
      </div>
    </>
  );
});

const isInZone = ({ row }: HeatCell, { zoneTop }: HeatDrawing) => zoneTop !== null && row < zoneTop;

interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A cell's place on a map of this size, pixels; null outside of what is shown. */
function placeOf(
  { from, to, row }: HeatCell,
  { rows, domain }: HeatDrawing,
  width: number,
  height: number,
): Place | null {
  const scale = width / (domain[1] - domain[0]);
  const x = Math.max(0, (from - domain[0]) * scale);
  const end = Math.min(width, (to - domain[0]) * scale);
  if (end <= x) return null;
  const cellHeight = height / rows;
  const gap = end - x > 4 ? 1 : 0;
  return {
    x,
    y: height - (row + 1) * cellHeight,
    width: Math.max(1, end - x - gap),
    height: Math.max(1, cellHeight - 1),
  };
}

function draw(canvas: HTMLCanvasElement, drawing: HeatDrawing): void {
  const { width, height } = canvas.getBoundingClientRect();
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext('2d');
  if (context === null || width === 0) return;
  const style = getComputedStyle(canvas);
  const colour = (name: string) => style.getPropertyValue(name.slice(4, -1));
  const [inside, zone] = [colour(heatColours.inside), colour(heatColours.zone)];
  context.scale(ratio, ratio);
  for (const cell of drawing.cells) {
    const place = placeOf(cell, drawing, width, height);
    if (place === null) continue;
    context.globalAlpha = opacityOf(cell.share);
    context.fillStyle = isInZone(cell, drawing) ? zone : inside;
    context.fillRect(place.x, place.y, place.width, place.height);
  }
}

/** The same as svg markup. */
export function heatMarkup(
  drawing: HeatDrawing,
  { width, height }: { width: number; height: number },
): string {
  const label = (y: number, text: string) =>
    `<text x="28" y="${y}" font-size="10.5" text-anchor="end" fill="var(--lab-ink-3)">${text}</text>`;
  const cells = drawing.cells.flatMap((cell) => {
    const place = placeOf(cell, drawing, width - 36, height);
    if (place === null) return [];
    const fill = isInZone(cell, drawing) ? heatColours.zone : heatColours.inside;
    const [x, y, w, h] = [place.x + 36, place.y, place.width, place.height].map((n) => n.toFixed(2));
    return [
      `<rect x="${x}" y="${y}" width="${w}" height="${h}" fill="${fill}" fill-opacity="${opacityOf(cell.share).toFixed(3)}"/>`,
    ];
  });
  return [label(10, `${drawing.rows - 1} calls`), label(height, '0'), ...cells].join('');
}
