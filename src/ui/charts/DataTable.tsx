/**
 * A chart's numbers as a table, oldest first, scrolled to the newest.
 */
import { useEffect, useRef } from 'react';
import styles from './chart.module.css';

export interface TableData {
  readonly columns: readonly string[];
  /** Oldest first. The first cell is the row's header. */
  readonly rows: readonly (readonly string[])[];
}

export function DataTable({ caption, data }: { caption: string; data: TableData }) {
  const scroll = useRef<HTMLDivElement>(null);
  useEffect(() => {
    scroll.current?.scrollTo(0, scroll.current.scrollHeight);
  }, []);
  if (data.rows.length === 0)
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
            {data.columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {data.rows.map(([head, ...cells]) => (
            <tr key={head}>
              <th scope="row">{head}</th>
              {cells.map((cell, column) => (
                <td key={column}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
