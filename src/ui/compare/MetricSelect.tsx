/**
 * Which metric a comparison draws.
 */
import { Select } from '@mantine/core';
import { metricDefinition, type MetricName } from '../../metrics/registry.ts';
import styles from './compare.module.css';

interface Props<Name extends MetricName> {
  readonly names: readonly Name[];
  readonly value: Name;
  readonly onChange: (name: Name) => void;
}

export function MetricSelect<Name extends MetricName>({ names, value, onChange }: Props<Name>) {
  return (
    <Select
      aria-label="Metric"
      size="xs"
      className={styles.metric}
      data={names.map((name) => ({ value: name, label: metricDefinition(name).label }))}
      value={value}
      allowDeselect={false}
      onChange={(chosen) => onChange(names.find((name) => name === chosen) ?? value)}
    />
  );
}
