/**
 * Every run that there is, with its name, its line, what sets it apart, how it stands and its numbers; and what a person may do with it.
 *
 * Invariants (runList.test.tsx). (1) Showing another run ends none. (2) A deleted run can be had back. (3) Where runs are kept, and how
 * much room they take, stands below the list.
 */
import { useMemo, useState } from 'react';
import { Button, UnstyledButton } from '@mantine/core';
import { ArrowDown, ArrowUp } from 'lucide-react';
import type { LabState } from '../../lab/state.ts';
import { useLab, useLabActions } from '../app/lab.tsx';
import { RunListRow } from './RunListRow.tsx';
import { formatBytes, runRows, type Column, type RunOrder } from './runRows.ts';
import styles from './runs.module.css';

const selectRuns = (state: LabState) => state.runs;
const selectLibrary = (state: LabState) => state.library;
const selectFocus = (state: LabState) => state.focus;
const selectDeleted = (state: LabState) => state.deleted;

const heads: Readonly<Record<Column, { readonly word: string; readonly help: string }>> = {
  name: { word: 'Run', help: 'Name, and the settings in which the runs of this list differ' },
  state: { word: 'State', help: 'How it stands' },
  calls: { word: 'Calls', help: 'Tool calls per trajectory in the newest round' },
  reward: { word: 'Reward', help: 'Share of right answers in the newest round of training' },
  heldOut: {
    word: 'Held out',
    help: 'Right answers on held-out problems at the end: mean over the samples, same range, larger budget',
  },
};

export function RunList() {
  const runs = useLab(selectRuns);
  const library = useLab(selectLibrary);
  const focus = useLab(selectFocus);
  const [order, setOrder] = useState<RunOrder | null>(null);
  const rows = useMemo(() => runRows(runs, library, order), [runs, library, order]);
  const turn = (column: Column) =>
    setOrder((now) => {
      if (now?.column !== column) return { column, descending: column !== 'name' && column !== 'state' };
      const first = column !== 'name' && column !== 'state';
      return now.descending === first ? { column, descending: !first } : null;
    });
  return (
    <div className={styles.list}>
      <Deleted />
      {rows.length === 0 ? (
        <p className={styles.empty}>
          No run yet. Train one, or open a recorded one: each is kept here under its name, with its settings
          and its curves, until you delete it.
        </p>
      ) : (
        <table className={styles.table} data-testid="run-list">
          <thead>
            <tr>
              {(Object.keys(heads) as Column[]).map((column) => (
                <th
                  key={column}
                  scope="col"
                  data-column={column}
                  aria-sort={
                    order?.column !== column ? 'none' : order.descending ? 'descending' : 'ascending'
                  }
                >
                  <UnstyledButton
                    className={styles.head}
                    title={heads[column].help}
                    onClick={() => turn(column)}
                  >
                    {heads[column].word}
                    {order?.column === column ? (
                      order.descending ? (
                        <ArrowDown size={12} aria-hidden />
                      ) : (
                        <ArrowUp size={12} aria-hidden />
                      )
                    ) : null}
                  </UnstyledButton>
                </th>
              ))}
              <th scope="col">
                <span className="lab-hidden">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <RunListRow
                key={row.run.id}
                row={row}
                shown={row.run.id === focus}
                kept={library.kept[row.run.id] ?? null}
              />
            ))}
          </tbody>
        </table>
      )}
      <Storage />
    </div>
  );
}

function Deleted() {
  const deleted = useLab(selectDeleted);
  const actions = useLabActions();
  const last = deleted.at(-1);
  if (last === undefined) return null;
  return (
    <p className={styles.deleted} role="status" data-testid="deleted">
      <span>
        “{last.name}” was deleted
        {deleted.length > 1 ? `, and ${deleted.length - 1} before it` : ''}.
      </span>
      <Button size="compact-sm" onClick={() => actions.undoDelete()}>
        Undo
      </Button>
      <Button
        size="compact-sm"
        variant="default"
        title="Frees its room now; otherwise that happens when the page is closed"
        onClick={() => actions.forgetDeleted()}
      >
        Delete for good
      </Button>
    </p>
  );
}

function Storage() {
  const { status, message, storage } = useLab(selectLibrary);
  switch (status) {
    case 'opening':
      return <p className={styles.storage}>Looking for kept runs …</p>;
    case 'closed':
      return (
        <p className={styles.storage} data-tone="warning" data-testid="library-closed">
          {message}
        </p>
      );
    case 'open':
      return (
        <p className={styles.storage} data-testid="storage">
          Kept in this browser, on this machine only: {formatBytes(storage?.runs ?? 0)} of runs
          {storage?.room === undefined || storage.room === null
            ? ''
            : `; the browser gives this page up to ${formatBytes(storage.room)}`}
          . Deleting a run frees its room.
        </p>
      );
  }
}
