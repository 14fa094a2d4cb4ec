/**
 * What the pointer and the keyboard do on a chart: the cursor that all charts share, and zoom.
 *
 * A transparent layer over the plot. It is a slider: its value is the cursor's x, read out with the numbers there. Arrow keys go from point
 * to point, Home and End to the ends, + and - zoom around the cursor, 0 and Escape show everything. Moving the cursor draws no line again.
 */
import { useRef, useState, type KeyboardEvent, type PointerEvent, type ReactNode } from 'react';
import { chartView, useCursor, type AxisName, type Cursor } from './chartView.ts';
import { zoomedTo } from './lines.ts';
import type { PlotFrame } from './plot.ts';
import type { Plot } from './plotModel.ts';
import styles from './surface.module.css';

interface Props {
  readonly chart: string;
  readonly title: string;
  readonly axis: AxisName;
  readonly x: Plot['x'];
  /** Where the cursor can stand, in order. */
  readonly xs: readonly number[];
  readonly frame: PlotFrame;
  /** The numbers at the cursor, read out. */
  readonly read: (x: number) => string;
  /** The numbers at the cursor, in a box beside it. @param y where the pointer is, from 0 (top) to 1; null for the keyboard */
  readonly tell: (x: number, y: number | null) => ReactNode;
  /** Marks at the cursor. */
  readonly mark?: (x: number) => ReactNode;
  /** The box grows upwards: for charts at the bottom of the page. */
  readonly up?: boolean;
}

/** Movement that makes a press a drag, pixels. */
const dragFrom = 6;

const percent = (share: number) => `${(100 * share).toFixed(3)}%`;

/** Nothing, where there is nowhere to stand. */
export function PlotSurface(props: Props) {
  return props.xs.length === 0 ? null : <Surface {...props} />;
}

function Surface(props: Props) {
  const { chart, title, axis, x, xs, frame } = props;
  const layer = useRef<HTMLDivElement>(null);
  const [drag, setDrag] = useState<{ readonly from: number; readonly to: number } | null>(null);
  const [pointerY, setPointerY] = useState<number | null>(null);
  const pressed = useRef<{ readonly at: number; readonly pixel: number } | null>(null);
  const slider = useSliderValue(props);
  const [from, to] = x.domain;
  const least = Math.max((x.whole[1] - x.whole[0]) / 200, axis === 'rounds' && x.whole[0] === 0.5 ? 2 : 0);
  const valueAt = (event: PointerEvent) => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    return from + ((to - from) * Math.min(width, Math.max(0, event.clientX - left))) / Math.max(1, width);
  };
  const stand = (at: number) => chartView.setCursor({ axis, chart, x: at });
  const move = (event: PointerEvent<HTMLDivElement>) => {
    const at = valueAt(event);
    if (pressed.current !== null && Math.abs(event.clientX - pressed.current.pixel) >= dragFrom)
      setDrag({ from: pressed.current.at, to: at });
    const box = event.currentTarget.getBoundingClientRect();
    setPointerY(Math.min(1, Math.max(0, (event.clientY - box.top) / Math.max(1, box.height))));
    stand(xs[nearestIndex(xs, at)]!);
  };
  const press = (event: PointerEvent<HTMLDivElement>) => {
    if (event.button !== 0) return;
    pressed.current = { at: valueAt(event), pixel: event.clientX };
    event.currentTarget.setPointerCapture(event.pointerId);
    move(event);
  };
  const release = () => {
    if (drag !== null) chartView.setZoom(axis, zoomedTo(drag.from, drag.to, x.whole, least));
    pressed.current = null;
    setDrag(null);
  };
  const leave = () => {
    setPointerY(null);
    if (document.activeElement !== layer.current) chartView.setCursor(null);
  };
  const keys = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const standing = standingAt(chartView.cursor(), axis) ?? xs.at(-1)!;
    const index = nearestIndex(xs, standing);
    const go = (next: number) => {
      const at = xs[Math.min(xs.length - 1, Math.max(0, next))]!;
      setPointerY(null);
      stand(at);
      if (at < from || at > to)
        chartView.setZoom(axis, zoomedTo(at - (to - from) / 2, at + (to - from) / 2, x.whole, least));
    };
    const scale = (factor: number) => {
      const [before, after] = [standing - from, to - standing];
      chartView.setZoom(
        axis,
        zoomedTo(standing - before * factor, standing + after * factor, x.whole, least),
      );
    };
    switch (event.key) {
      case 'ArrowLeft':
      case 'ArrowDown':
        go(index - 1);
        break;
      case 'ArrowRight':
      case 'ArrowUp':
        go(index + 1);
        break;
      case 'PageDown':
        go(index - 10);
        break;
      case 'PageUp':
        go(index + 10);
        break;
      case 'Home':
        go(0);
        break;
      case 'End':
        go(xs.length - 1);
        break;
      case '+':
      case '=':
        scale(0.5);
        break;
      case '-':
        scale(2);
        break;
      case '0':
      case 'Escape':
        if (event.key === 'Escape' && chartView.get().zoom[axis] === undefined) return;
        chartView.setZoom(axis, null);
        break;
      default:
        return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div
      ref={layer}
      className={styles.surface}
      style={{ ...frame }}
      role="slider"
      tabIndex={0}
      aria-label={`${title}: cursor`}
      data-keys
      onPointerMove={move}
      onPointerDown={press}
      onPointerUp={release}
      onPointerCancel={() => {
        pressed.current = null;
        setDrag(null);
      }}
      onPointerLeave={leave}
      onDoubleClick={() => chartView.setZoom(axis, null)}
      onKeyDown={keys}
      onFocus={() => stand(standingAt(chartView.cursor(), axis) ?? xs.at(-1)!)}
      onBlur={() => chartView.setCursor(null)}
      {...slider}
    >
      {drag === null ? null : (
        <div
          className={styles.selection}
          style={{
            left: percent((Math.min(drag.from, drag.to) - from) / (to - from)),
            width: percent(Math.abs(drag.to - drag.from) / (to - from)),
          }}
        />
      )}
      <CursorMarks {...props} pointerY={pointerY} />
    </div>
  );
}

/** Where the cursor stands on this axis. */
function standingAt(cursor: Cursor | null, axis: AxisName): number | null {
  return cursor !== null && cursor.axis === axis ? cursor.x : null;
}

/** What a screen reader says of the slider. Only the chart that the person is in follows the cursor. */
function useSliderValue({ chart, axis, x, xs, read }: Props) {
  const own = useCursor((cursor) => (cursor?.chart === chart ? standingAt(cursor, axis) : null));
  const now = own ?? xs.at(-1)!;
  return {
    'aria-valuemin': xs[0]!,
    'aria-valuemax': xs.at(-1)!,
    'aria-valuenow': now,
    'aria-valuetext': `${x.heading(now)}: ${read(now)}`,
  };
}

function CursorMarks({
  chart,
  axis,
  x,
  tell,
  mark,
  up,
  pointerY,
}: Props & { readonly pointerY: number | null }) {
  const at = useCursor((cursor) => standingAt(cursor, axis));
  const own = useCursor((cursor) => cursor?.chart === chart);
  if (at === null || at < x.domain[0] || at > x.domain[1]) return null;
  const share = (at - x.domain[0]) / (x.domain[1] - x.domain[0]);
  return (
    <div className={styles.marks} aria-hidden="true" data-testid={`cursor-${chart}`} data-x={at}>
      <div className={styles.line} style={{ left: percent(share) }} />
      {mark?.(at)}
      {own ? (
        <div
          className={styles.tip}
          data-up={up === true}
          style={share > 0.5 ? { right: percent(1 - share) } : { left: percent(share) }}
        >
          <div className={styles.tipTitle}>{x.heading(at)}</div>
          {tell(at, pointerY)}
        </div>
      ) : null}
    </div>
  );
}

/** The place of the nearest of `xs`, which are in order and not none. */
function nearestIndex(xs: readonly number[], x: number): number {
  let [low, high] = [0, xs.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (xs[middle]! <= x) low = middle;
    else high = middle;
  }
  return x - xs[low]! <= xs[high]! - x ? low : high;
}
