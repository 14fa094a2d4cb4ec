/**
 * The numbers of all lines at the cursor: as a sentence, as rows of its box, and as dots on the lines.
 */
import type { ReactNode } from 'react';
import { RunSwatch } from '../app/RunSwatch.tsx';
import { nearest, type LinePoint } from './lines.ts';
import { placeOn, type Plot, type PlotLine } from './plotModel.ts';
import styles from './surface.module.css';

export interface Reading {
  readonly line: PlotLine;
  /** What was measured nearest to the cursor. */
  readonly point: LinePoint;
}

/** How far from the cursor a point may lie to be told of, as a share of what is shown. */
const reach = 0.03;

/** The lines with a point at the cursor, or near it where their rounds are not the same. */
export function readingsAt({ lines, x: { domain } }: Plot, x: number): readonly Reading[] {
  const most = reach * (domain[1] - domain[0]);
  return lines.flatMap((line) => {
    const point = nearest(line.points, x);
    return point === undefined || Math.abs(point.x - x) > most ? [] : [{ line, point }];
  });
}

export function readingText(readings: readonly Reading[], format: (value: number) => string): string {
  if (readings.length === 0) return 'nothing measured here';
  return readings
    .map(({ line, point }) => (readings.length === 1 ? format(point.y) : `${line.name} ${format(point.y)}`))
    .join(', ');
}

interface RowsProps {
  readonly readings: readonly Reading[];
  readonly format: (value: number) => string;
  readonly children?: ReactNode;
}

export function ReadingRows({ readings, format, children }: RowsProps) {
  return (
    <>
      {readings.map(({ line, point }) => (
        <div key={line.key} className={styles.tipRow}>
          <RunSwatch style={line.style} />
          {line.name}
          <b>{format(point.y)}</b>
        </div>
      ))}
      {children}
    </>
  );
}

/** A dot on each line that is drawn, at the cursor. */
export function ReadingDots({ plot, x }: { plot: Plot; x: number }) {
  const most = reach * (plot.x.domain[1] - plot.x.domain[0]);
  return plot.lines.map(({ key, drawn, style }) => {
    const point = nearest(drawn, x);
    if (point === undefined || Math.abs(point.x - x) > most) return null;
    const top = 1 - placeOn(plot.y, point.y);
    if (top < 0 || top > 1) return null;
    return (
      <div
        key={key}
        className={styles.dot}
        style={{
          left: `${100 * placeOn(plot.x, point.x)}%`,
          top: `${100 * top}%`,
          background: style.colour,
        }}
      />
    );
  });
}
