/**
 * A chart's numbers as a table, oldest first, scrolled to the newest.
 */
import { useEffect, useRef } from 'react';
import { cellText, type NumberTable } from './numberTable.ts';
import styles from './chart.module.css';

export function DataTable({ caption, table }: { caption: string; table: NumberTable }) {
  const scroll = useRef<HTMLDivElement>(null);
  useEffect(() => {
    scroll.current?.scrollTo(0, scroll.current.scrollHeight);
  }, []);
  const { columns, rows } = table;
  if (rows.length === 0)
    return <p className={styles.noRows}>No numbers yet: they appear when the run has some.</p>;
  return (
    <div
      ref={scroll}
      className={styles.tableScroll}
      tabIndex={0}
      role="region"
      aria-label={`${caption}, table`}
    >
      <table className={styles.table}>
        <caption className={styles.hidden}>{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ label }) => (
              <th key={label} scope="col">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(([head, ...cells]) => (
            <tr key={head}>
              <th scope="row">{cellText(head, columns[0])}</th>
              {cells.map((cell, column) => (
                <td key={column}>{cellText(cell, columns[column + 1])}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
