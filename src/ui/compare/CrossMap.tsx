/**
 * A study's cross table: policies trained under one condition and evaluated under another, or two settings turned together. Accuracy or
 * calls; each cell is shaded by its number, and can be read without the colour.
 */
import { useState, type CSSProperties } from 'react';
import { crossEvaluation, type CrossMeasure } from '../../study/crossEvaluation.ts';
import type { Study } from '../../study/study.ts';
import { formatMetric, formatShare, missing } from '../app/format.ts';
import { range } from './CompareTables.tsx';
import { BudgetSwitch, Choice, Scroll } from './tableParts.tsx';
import tables from './compare.module.css';
import styles from './crossMap.module.css';

const measures: Readonly<
  Record<CrossMeasure, { readonly text: string; readonly format: (value: number) => string }>
> = {
  accuracy: { text: 'accuracy', format: formatShare },
  calls: { text: 'tool calls per trajectory', format: (value) => formatMetric(value, 'calls') },
};
const measureTexts = { accuracy: 'accuracy', calls: 'calls' } as const;

export function CrossMap({ study }: { study: Study }) {
  const [budget, setBudget] = useState<'short' | 'long'>('long');
  const [measure, setMeasure] = useState<CrossMeasure>('accuracy');
  const table = crossEvaluation(study, budget, measure);
  if (table === null) return null;
  const { text, format } = measures[measure];
  const most =
    measure === 'accuracy' ? 1 : Math.max(...table.cells.flat().map((cell) => cell?.mean ?? 0), 1e-9);
  return (
    <Scroll label="Two conditions, table">
      <table className={`${tables.table ?? ''} ${styles.map ?? ''}`} data-testid="compare-cross">
        <caption>
          {table.rowLabel} by {table.columnLabel}{' '}
          <span>
            {text} on the training range
            {table.context === null ? '' : `, ${table.context} tokens of context`}
          </span>
          <Choice label="Measure" texts={measureTexts} chosen={measure} onChange={setMeasure} />
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
                    style={{ '--share': `${Math.round((100 * (cell?.mean ?? 0)) / most)}%` } as CSSProperties}
                  >
                    <b>{cell === null ? missing : format(cell.mean)}</b>
                    <small>{cell === null ? '' : range(cell, format)}</small>
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
