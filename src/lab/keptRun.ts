/**
 * A run that is in the library and not opened yet: it is listed by what its entry says, without its curves.
 */
import { metricNames, type MetricName } from '../metrics/registry.ts';
import type { RunSettings } from '../train/settings.ts';
import { idleRun } from './idleRun.ts';
import type { RunEntry } from './library/runEntry.ts';
import type { BareRunState } from './state.ts';

export class KeptRun {
  readonly kind = 'kept';
  readonly id: string;
  readonly entry: RunEntry;
  readonly state: BareRunState;

  constructor(entry: RunEntry) {
    this.id = entry.id;
    this.entry = entry;
    this.state = stateOf(entry);
  }

  get settings(): RunSettings {
    return this.entry.settings;
  }

  get presetName(): string {
    return this.entry.presetName;
  }

  end(): void {
    // Nothing goes on.
  }
}

function stateOf(entry: RunEntry): BareRunState {
  const { id, settings, presetName, source, parent, status, engine, elapsedSeconds, benchmarks, saves } =
    entry;
  const idle = idleRun(id, settings, presetName);
  const latest: Partial<Record<MetricName, number>> = {};
  for (const name of metricNames) {
    const value = entry.latest[name];
    if (value !== undefined) latest[name] = value;
  }
  return {
    ...idle,
    ...{ source, parent, engine, elapsedSeconds, benchmarks },
    status: status === 'stopped' ? 'interrupted' : status,
    checkpoint: saves.at(-1)?.place ?? null,
    series: { ...idle.series, latest },
  };
}
