/**
 * One line that always says which run the page shows and on whose machine it was made, and what Train would start. While the run shown goes
 * on, the big button holds it; then another is started from here, beside it.
 */
import { Button } from '@mantine/core';
import { shownRun, type LabState, type RunState } from '../../lab/state.ts';
import { plural } from '../app/format.ts';
import { differingPaths } from '../../recipes/formModel.ts';
import { findPreset } from '../../recipes/presets.ts';
import { useLab, useLabActions, useRun } from '../app/lab.tsx';
import { RunSwatch } from './RunSwatch.tsx';
import { parentText } from './runRows.ts';
import styles from './runs.module.css';

const selectIdle = (run: RunState) => run.status === 'idle';
/** Whether the run shown can be held or go on, so that the big button is not Train. */
const selectBusy = ({ source, status, checkpoint }: RunState) =>
  source.kind === 'live' &&
  (status === 'starting' ||
    status === 'running' ||
    status === 'paused' ||
    ((status === 'interrupted' || status === 'failed') && checkpoint !== null));
const selectProblem = (state: LabState) => state.settingProblems.length > 0;
const selectName = (run: RunState) => run.name;
const selectColour = (run: RunState) => run.colour;
const selectDash = (run: RunState) => run.dash;
const selectSource = (run: RunState) => run.source;
const selectEngine = (run: RunState) => run.engine;
const selectParent = (run: RunState) => run.parent;
const selectPreset = (state: LabState) => state.presetName;
/** Settings in which the run shown is not what Train would start. */
const selectDifferences = (state: LabState) => {
  const run = shownRun(state);
  return run.settings === state.settings ? 0 : differingPaths(run.settings, state.settings).length;
};
const selectSeed = (state: LabState) => state.settings.run.seed;

export function ShownLine() {
  const idle = useRun(selectIdle);
  const preset = findPreset(useLab(selectPreset))?.title ?? 'these settings';
  const seed = useLab(selectSeed);
  const differences = useLab(selectDifferences);
  const busy = useRun(selectBusy);
  const problem = useLab(selectProblem);
  const actions = useLabActions();
  return (
    <p className={styles.shown} data-testid="shown-run">
      {idle ? <span>No run is shown.</span> : <Shown />}
      <span className={styles.next}>
        <span>
          {busy ? 'Your settings' : 'Train would start'}: {preset}, seed {seed}
          {differences === 0 ? '' : `; ${plural(differences, 'setting')} other than in the run shown`}
        </span>
        {busy && !problem ? (
          <Button
            size="compact-xs"
            variant="default"
            title="Start a run with these settings; runs that go on share the machine"
            onClick={() => actions.train()}
          >
            Train as well
          </Button>
        ) : null}
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
        {parent === null ? '' : `; ${parentText(parent)}`}
      </span>
    </span>
  );
}
