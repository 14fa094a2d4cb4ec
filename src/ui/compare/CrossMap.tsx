/**
 * A study's cross table: policies trained under one condition and evaluated under another. Each cell is shaded by its number, and can be
 * read without the colour.
 */
import { useState, type CSSProperties } from 'react';
import { crossEvaluation } from '../../study/crossEvaluation.ts';
import type { Study } from '../../study/study.ts';
import { formatShare, missing } from '../app/format.ts';
import { range } from './CompareTables.tsx';
import { BudgetSwitch, Scroll } from './tableParts.tsx';
import tables from './compare.module.css';
import styles from './crossMap.module.css';

export function CrossMap({ study }: { study: Study }) {
  const [budget, setBudget] = useState<'short' | 'long'>('long');
  const table = crossEvaluation(study, budget);
  if (table === null) return null;
  return (
    <Scroll label="Two conditions, table">
      <table className={`${tables.table ?? ''} ${styles.map ?? ''}`} data-testid="compare-cross">
        <caption>
          {table.rowLabel} by {table.columnLabel}{' '}
          <span>
            accuracy on the training range
            {table.context === null ? '' : `, ${table.context} tokens of context`}
          </span>
          <BudgetSwitch budget={budget} onChange={setBudget} />
        </caption>
        <thead>
          <tr>
            <th scope="col" rowSpan={2}>
              {table.rowLabel}
            </th>
            <th scope="colgroup" colSpan={table.columns.length}>
              {table.columnLabel}
            </th>
          </tr>
          <tr>
            {table.columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows.map((row, r) => (
            <tr key={row}>
              <th scope="row">{row}</th>
              {table.columns.map((column, c) => {
                const cell = table.cells[r]?.[c] ?? null;
                return (
                  <td
                    key={column}
                    data-value={cell?.mean ?? ''}
                    style={{ '--share': `${Math.round(100 * (cell?.mean ?? 0))}%` } as CSSProperties}
                  >
                    <b>{cell === null ? missing : formatShare(cell.mean)}</b>
                    <small>{cell === null ? '' : range(cell, formatShare)}</small>
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
