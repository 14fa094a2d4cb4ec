/**
 * Which trajectories are listed, and in what order.
 */
import type { ReactNode } from 'react';
import { NativeSelect, SegmentedControl } from '@mantine/core';
import type { ScoredTrajectory } from '../../record/runView.ts';
import { filters, passes, sortings, type Filter, type Sorting } from './rows.ts';
import styles from './inspector.module.css';

interface Props {
  readonly trajectories: readonly ScoredTrajectory[];
  readonly filter: Filter;
  readonly sorting: Sorting;
  readonly onFilter: (filter: Filter) => void;
  readonly onSort: (sorting: Sorting) => void;
  /** More of the same row. */
  readonly children?: ReactNode;
}

const filterWords: Record<Filter, string> = { all: 'All', right: 'Right', wrong: 'Wrong', cut: 'Cut off' };
const sortingWords: Record<Sorting, string> = {
  sampled: 'as sampled',
  calls: 'most calls first',
  length: 'longest first',
  advantage: 'highest advantage first',
};

export function ListTools({ trajectories, filter, sorting, onFilter, onSort, children }: Props) {
  return (
    <div className={styles.tools}>
      <SegmentedControl
        size="xs"
        aria-label="Show"
        value={filter}
        onChange={(value) => onFilter(value)}
        data={filters.map((name) => ({
          value: name,
          label: `${filterWords[name]} ${trajectories.filter((one) => passes(one, name)).length}`,
        }))}
      />
      <NativeSelect
        size="xs"
        className={styles.order}
        aria-label="Order"
        value={sorting}
        onChange={(event) => onSort(event.currentTarget.value as Sorting)}
        data={sortings.map((name) => ({ value: name, label: sortingWords[name] }))}
      />
      {children}
    </div>
  );
}
