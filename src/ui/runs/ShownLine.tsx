/**
 * One line that always says which run the page shows and on whose machine it was made, and what Train would start.
 */
import type { LabState, RunState } from '../../lab/state.ts';
import { findPreset } from '../../recipes/presets.ts';
import { useLab, useRun } from '../app/lab.tsx';
import { AdoptSettings } from '../settings/AdoptSettings.tsx';
import { RunSwatch } from './RunSwatch.tsx';
import styles from './runs.module.css';

const selectIdle = (run: RunState) => run.status === 'idle';
const selectName = (run: RunState) => run.name;
const selectColour = (run: RunState) => run.colour;
const selectDash = (run: RunState) => run.dash;
const selectSource = (run: RunState) => run.source;
const selectEngine = (run: RunState) => run.engine;
const selectParent = (run: RunState) => run.parent;
const selectPreset = (state: LabState) => state.presetName;
const selectSeed = (state: LabState) => state.settings.run.seed;

export function ShownLine() {
  const idle = useRun(selectIdle);
  const preset = findPreset(useLab(selectPreset))?.title ?? 'these settings';
  const seed = useLab(selectSeed);
  return (
    <p className={styles.shown} data-testid="shown-run">
      {idle ? <span>No run is shown.</span> : <Shown />}
      <span className={styles.next}>
        Train would start: {preset}, seed {seed}
        <AdoptSettings size="compact-xs">Use the shown run’s settings instead</AdoptSettings>
      </span>
    </p>
  );
}

function Shown() {
  const name = useRun(selectName);
  const colour = useRun(selectColour);
  const dash = useRun(selectDash);
  const source = useRun(selectSource);
  const engine = useRun(selectEngine);
  const parent = useRun(selectParent);
  const machine = engine === null ? '' : `, ${engine.adapter}`;
  return (
    <span className={styles.which}>
      <RunSwatch colour={colour} dash={dash} />
      <strong>{name}</strong>
      <span>
        {source.kind === 'live'
          ? `made on this machine${machine}`
          : source.kind === 'recording'
            ? `recorded on another machine${machine}`
            : `opened from “${source.name}”, made${machine === '' ? ' elsewhere' : ` on ${engine?.adapter ?? ''}`}`}
        {parent === null ? '' : `; forked from “${parent.name}” at ${parent.place}`}
      </span>
    </span>
  );
}
