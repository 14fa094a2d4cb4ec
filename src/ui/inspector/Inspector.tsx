/**
 * Any rollout of the last rounds: pick a round, a group (one prompt), a sample, and read it.
 *
 * Invariant (inspector.test.tsx): it follows the newest round until a person picks something; then it stays there, whatever the run does,
 * until they switch Follow on again.
 */
import { memo, useDeferredValue, useMemo, useState } from 'react';
import { Switch } from '@mantine/core';
import type { RoundView } from '../../record/runView.ts';
import type { RunState } from '../../lab/state.ts';
import { useRun } from '../app/lab.tsx';
import { GroupPicker } from './GroupPicker.tsx';
import { groupsOf, mostTellingGroup } from './groups.ts';
import { RoundPicker } from './RoundPicker.tsx';
import { SampleList } from './SampleList.tsx';
import { Transcript } from './Transcript.tsx';
import styles from './inspector.module.css';

const selectRounds = (run: RunState) => run.rounds;
const selectRun = (run: RunState) => run.id;

interface Pick {
  /** The run that it belongs to: a pick is kept when its round leaves the store, but not when its run does. */
  readonly run: RunState['id'];
  readonly round: RoundView;
  readonly prompt: number;
  readonly sample: number;
}

/** A group is hundreds of tokens, so a new round is drawn at low priority: React may interrupt it for input. */
export function Inspector() {
  const rounds = useDeferredValue(useRun(selectRounds));
  const run = useRun(selectRun);
  return <Rollouts rounds={rounds} run={run} />;
}

interface Props {
  readonly rounds: RunState['rounds'];
  readonly run: RunState['id'];
}

const Rollouts = memo(function Rollouts({ rounds, run }: Props) {
  const [made, setPick] = useState<Pick | null>(null);
  const pick = made?.run === run && hasHappened(made.round, rounds) ? made : null;
  const round = pick?.round ?? rounds.at(-1);
  const groups = useMemo(() => (round === undefined ? [] : groupsOf(round.trajectories)), [round]);
  const group = groups.find(({ prompt }) => prompt === pick?.prompt) ?? mostTellingGroup(groups);
  const trajectory = group?.samples.find(({ sample }) => sample === pick?.sample) ?? group?.samples[0];
  if (round === undefined || group === undefined || trajectory === undefined) return <NothingYet />;
  return (
    <div className={styles.inspector} data-testid="inspector">
      <div className={styles.pickers}>
        <RoundPicker
          rounds={rounds}
          round={round}
          onPick={(next) => setPick({ run, round: next, prompt: group.prompt, sample: trajectory.sample })}
        />
        <Switch
          size="xs"
          label="Follow"
          checked={pick === null}
          onChange={(event) =>
            setPick(
              event.currentTarget.checked
                ? null
                : { run, round, prompt: group.prompt, sample: trajectory.sample },
            )
          }
        />
      </div>
      <GroupPicker
        groups={groups}
        group={group}
        onPick={(prompt) => setPick({ run, round, prompt, sample: trajectory.sample })}
      />
      <SampleList
        group={group}
        chosen={trajectory.sample}
        onPick={(sample) => setPick({ run, round, prompt: group.prompt, sample })}
      />
      <Transcript
        key={`${round.round}-${group.prompt}-${trajectory.sample}`}
        trajectory={trajectory}
        author="policy"
      />
    </div>
  );
});

/** False where a replay was moved back to before the round. A live run's round may have left the store, but it has happened. */
function hasHappened({ phase, round }: RoundView, rounds: RunState['rounds']): boolean {
  const newest = rounds.at(-1);
  return (
    (newest !== undefined && round < newest.round) ||
    rounds.some((kept) => kept.round === round && kept.phase === phase)
  );
}

function NothingYet() {
  return (
    <div className={styles.empty}>
      <h3>No rollouts yet</h3>
      <p>
        When the policy is sampled – a few times during the cold start, then in every step of reinforcement
        learning – its trajectories can be read here token by token: what it thought, what it sent to Python,
        what Python really answered, and which reward it got.
      </p>
    </div>
  );
}
