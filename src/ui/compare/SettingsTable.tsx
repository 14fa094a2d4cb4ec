/**
 * The settings in which runs differ, and no other.
 */
import type { SettingValue } from '../../recipes/formModel.ts';
import { RunSwatch } from '../app/RunSwatch.tsx';
import type { ChartRun } from '../charts/chartRuns.ts';
import { Scroll } from './tableParts.tsx';
import { settingDifferences } from './differences.ts';
import styles from './compare.module.css';

export function SettingsTable({ runs }: { runs: readonly ChartRun[] }) {
  const differences = settingDifferences(runs.map(({ view }) => view));
  if (differences.length === 0)
    return (
      <p className={styles.note}>These runs have the same settings: what differs between them is chance.</p>
    );
  return (
    <Scroll label="Settings that differ, table">
      <table className={styles.table} data-testid="compare-settings">
        <caption>
          Settings that differ{' '}
          <span>
            {differences.length === 1 ? 'one ingredient' : `${differences.length}, all others are the same`}
          </span>
        </caption>
        <thead>
          <tr>
            <th scope="col">Setting</th>
            {runs.map(({ id, name, style }) => (
              <th key={id} scope="col">
                <RunSwatch style={style} /> {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {differences.map(({ path, title, unit, values }) => (
            <tr key={path}>
              <th scope="row">{title}</th>
              {values.map((value, index) => (
                <td key={index}>
                  <b>{settingText(value)}</b> {unit}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function settingText(value: SettingValue): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  return String(value);
}
