/**
 * How a run looks in the charts, small: its dash and its marker in its colour.
 */
import { markerPath, type RunStyle } from './runStyle.ts';

export function RunSwatch({ style, width = 24 }: { style: RunStyle; width?: number }) {
  return (
    <svg width={width} height="10" viewBox={`0 0 ${width} 10`} aria-hidden="true" style={{ flex: 'none' }}>
      <line
        x1="0"
        x2={width}
        y1="5"
        y2="5"
        stroke={style.colour}
        strokeWidth="2"
        strokeDasharray={style.dash}
      />
      <path d={markerPath(style.marker, width / 2, 5, 3.5)} fill={style.colour} />
    </svg>
  );
}
