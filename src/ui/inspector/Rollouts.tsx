/**
 * Any rollout of the kept rounds: a slider over them, one prompt's group or all, filtered and sorted, and one to read.
 *
 * Invariant (inspector.isolated.test.tsx): it follows the newest round until a person picks something; then it stays there, whatever the run does,
 * until they switch Follow on again.
 */
import { memo, useDeferredValue, useMemo, useState, type ReactNode } from 'react';
import { Switch } from '@mantine/core';
import { wholeRounds, type RoundView } from '../../record/runView.ts';
import type { RunState } from '../../lab/state.ts';
import { nearestPolicy, usePolicies } from '../ask/policies.ts';
import { Empty } from '../app/Empty.tsx';
import { useRun } from '../app/lab.tsx';
import { GroupPicker } from './GroupPicker.tsx';
import { groupsOf, mostTellingGroup } from './groups.ts';
import { ListTools } from './ListTools.tsx';
import { RoundSlider } from './RoundSlider.tsx';
import { passes, sorted, type Filter, type Sorting } from './rows.ts';
import { SampleList, type SampleRow } from './SampleList.tsx';
import { Transcript } from './Transcript.tsx';
import styles from './inspector.module.css';

const selectRounds = (run: RunState) => run.rounds;
const selectRun = (run: RunState) => run.id;
const selectObjective = (run: RunState) => run.settings.grpo;

interface Pick {
  /** The run that it belongs to: a pick is kept when its round leaves the store, but not when its run does. */
  readonly run: RunState['id'];
  readonly round: RoundView;
  /** Null: all prompts of the round. */
  readonly prompt: number | null;
  /** Row of the list; null: its first. */
  readonly row: string | null;
}

/**
 * A group is hundreds of tokens, so a new round is drawn at low priority: React may interrupt it for input.
 * @param views the switch to what else can be read
 */
export function Rollouts({ views }: { readonly views: ReactNode }) {
  const rounds = useDeferredValue(useRun(selectRounds));
  const run = useRun(selectRun);
  return <Rounds rounds={rounds} run={run} views={views} />;
}

interface Props {
  readonly rounds: RunState['rounds'];
  readonly run: RunState['id'];
  readonly views: ReactNode;
}

const Rounds = memo(function Rounds({ rounds, run, views }: Props) {
  const [made, setPick] = useState<Pick | null>(null);
  const [filter, setFilter] = useState<Filter>('all');
  const [sorting, setSorting] = useState<Sorting>('sampled');
  const objective = useRun(selectObjective);
  const policies = usePolicies();
  const pick = made?.run === run && hasHappened(made.round, rounds) ? made : null;
  const round = pick?.round ?? rounds.at(-1);
  const groups = useMemo(() => (round === undefined ? [] : groupsOf(round.trajectories)), [round]);
  const group =
    pick !== null && pick.prompt === null
      ? null
      : (groups.find(({ prompt }) => prompt === pick?.prompt) ?? mostTellingGroup(groups));
  if (round === undefined || group === undefined) return <NothingYet />;
  const all = group === null ? round.trajectories : group.samples;
  const rows: SampleRow[] = sorted(
    all.filter((one) => passes(one, filter)),
    sorting,
  ).map((trajectory) => ({
    key: group === null ? `${trajectory.prompt}.${trajectory.sample}` : String(trajectory.sample),
    name:
      group === null
        ? `Prompt ${trajectory.prompt + 1}, sample ${trajectory.sample + 1}`
        : `Sample ${trajectory.sample + 1}`,
    trajectory,
  }));
  const chosen = rows.find(({ key }) => key === pick?.row) ?? rows[0];
  const prompt = group?.prompt ?? null;
  const hasAdvantage = round.phase === 'stage1' || round.phase === 'stage2';
  return (
    <>
      <div className={styles.pickers}>
        {views}
        <RoundSlider
          rounds={rounds}
          round={round}
          onPick={(next) => setPick({ run, round: next, prompt, row: chosen?.key ?? null })}
        />
      </div>
      <GroupPicker
        groups={groups}
        group={group}
        onPick={(next) => setPick({ run, round, prompt: next, row: null })}
      />
      <ListTools
        trajectories={all}
        filter={filter}
        sorting={sorting}
        onFilter={setFilter}
        onSort={setSorting}
      >
        <Switch
          size="xs"
          label="Follow"
          title="Always show the newest round"
          checked={pick === null}
          onChange={(event) =>
            setPick(event.currentTarget.checked ? null : { run, round, prompt, row: chosen?.key ?? null })
          }
        />
      </ListTools>
      <Sampled round={round} objective={objective} />
      <SampleList
        label={group === null ? 'Samples of this round' : 'Samples of this group'}
        rows={rows}
        chosen={chosen?.key ?? null}
        column={hasAdvantage ? 'advantage' : 'noAdvantage'}
        onPick={(row) => setPick({ run, round, prompt, row })}
      />
      {chosen === undefined ? null : (
        <Transcript
          key={`${round.phase}-${round.round}-${chosen.trajectory.prompt}-${chosen.trajectory.sample}`}
          trajectory={chosen.trajectory}
          author="policy"
          learned={{ sample: chosen.trajectory, objective, hasAdvantage }}
          policy={nearestPolicy(policies, round.round)}
        />
      )}
    </>
  );
});

/** Said where not all of a round can be read: trajectories are what makes memory and files large. */
function Sampled({
  round: { phase, trajectories },
  objective,
}: {
  readonly round: RoundView;
  readonly objective: RunState['settings']['grpo'];
}) {
  const drawn = objective.promptsPerStep * objective.groupSize;
  if ((phase !== 'stage1' && phase !== 'stage2') || trajectories.length >= drawn) return null;
  return (
    <p
      className={styles.sampled}
      data-testid="sampled"
      title={`All of a round can be read only while its run goes on here, for ${wholeRounds} rounds.`}
    >
      {trajectories.length} of this round’s {drawn} trajectories were kept: the groups that tell most.
    </p>
  );
}

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
    <Empty title="No rollouts yet">
      When the policy is sampled – a few times during the cold start, then in every step of reinforcement
      learning – its trajectories can be read here token by token: what it thought, what it sent to Python,
      what Python really answered, and which reward it got.
    </Empty>
  );
}
