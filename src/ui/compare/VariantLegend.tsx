/**
 * The legend of the comparison, which also switches its lines on and off.
 */
import type { VariantStyle } from './variantStyle.ts';
import styles from './compare.module.css';

export interface LegendItem {
  readonly name: string;
  readonly title: string;
  readonly style: VariantStyle;
  readonly shown: boolean;
}

interface Props {
  readonly items: readonly LegendItem[];
  readonly onToggle: (name: string) => void;
}

export function VariantLegend({ items, onToggle }: Props) {
  return (
    <div className={styles.legend} role="group" aria-label="Lines shown">
      {items.map(({ name, title, style, shown }) => (
        <button
          key={name}
          type="button"
          className={styles.toggle}
          aria-pressed={shown}
          onClick={() => onToggle(name)}
        >
          <Swatch style={style} />
          {title}
        </button>
      ))}
    </div>
  );
}

export function Swatch({ style }: { style: VariantStyle }) {
  return (
    <svg width="22" height="8" viewBox="0 0 22 8" className={styles.swatch} aria-hidden="true">
      <line
        x1="0"
        x2="22"
        y1="4"
        y2="4"
        stroke={style.colour}
        strokeWidth="2.5"
        strokeDasharray={style.dash}
      />
    </svg>
  );
}
