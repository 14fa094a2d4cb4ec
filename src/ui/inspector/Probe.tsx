/**
 * The probe: one held-out problem, as the policy answered it after every round, a strip each; beside it the same problem in another run of
 * the list, where one was asked it too. A round is chosen for both; below, both answers to read.
 */
import { useDeferredValue, useState, type ReactNode } from 'react';
import { NativeSelect } from '@mantine/core';
import { probeAt, probeHistory, type ProbeView } from '../../record/probe.ts';
import type { LabState, RunState } from '../../lab/state.ts';
import { nearestPolicy, usePolicies } from '../ask/policies.ts';
import { useLab, useRun } from '../app/lab.tsx';
import { BarcodeLegend } from './Barcode.tsx';
import { ListTools } from './ListTools.tsx';
import { RoundSlider } from './RoundSlider.tsx';
import { passes, sorted, type Filter, type Sorting } from './rows.ts';
import { SampleList } from './SampleList.tsx';
import { Transcript } from './Transcript.tsx';
import styles from './inspector.module.css';

const selectProbe = (run: RunState) => run.probe;
const selectId = (run: RunState) => run.id;
const selectName = (run: RunState) => run.name;
const selectRuns = (state: LabState) => state.runs;

const none = 'none';

/** @param views the switch to what else can be read */
export function Probe({ views }: { readonly views: ReactNode }) {
  const probe = useDeferredValue(useRun(selectProbe));
  const id = useRun(selectId);
  const name = useRun(selectName);
  const runs = useLab(selectRuns);
  const policies = usePolicies();
  const [problem, setProblem] = useState(0);
  const [wanted, setWanted] = useState<number | null>(null);
  const [otherId, setOtherId] = useState(none);
  const [filter, setFilter] = useState<Filter>('all');
  const [sorting, setSorting] = useState<Sorting>('sampled');
  const newest = probe?.rounds.at(-1);
  if (probe === null || newest === undefined) return null;
  const asked = probe.problems[problem] ?? probe.problems[0];
  const index = asked === undefined ? 0 : probe.problems.indexOf(asked);
  const shown = (wanted === null ? null : probeAt(probe, wanted)) ?? newest;
  const question = asked?.question;
  const others = runs.flatMap((run) => {
    const at = run.id === id ? undefined : run.probe?.problems.findIndex((one) => one.question === question);
    return run.probe === null || at === undefined || at < 0 ? [] : [{ run, probe: run.probe, index: at }];
  });
  const other = others.find(({ run }) => run.id === otherId);
  const tools = { filter, sorting };
  return (
    <>
      <div className={styles.pickers}>
        {views}
        <RoundSlider rounds={probe.rounds} round={shown} onPick={({ round }) => setWanted(round)} />
      </div>
      <div className={styles.tools}>
        <NativeSelect
          size="xs"
          aria-label="Problem"
          value={index}
          onChange={(event) => setProblem(Number(event.currentTarget.value))}
          data={probe.problems.map((one, i) => ({
            value: String(i),
            label: `${one.question.trim()} = ${one.answer}`,
          }))}
        />
        {others.length === 0 ? null : (
          <NativeSelect
            size="xs"
            aria-label="Beside it"
            value={other?.run.id ?? none}
            onChange={(event) => setOtherId(event.currentTarget.value)}
            data={[
              { value: none, label: 'this run alone' },
              ...others.map(({ run }) => ({ value: run.id, label: `beside ${run.name}` })),
            ]}
          />
        )}
      </div>
      <ListTools
        trajectories={probeHistory(probe, index).map(({ trajectory }) => trajectory)}
        {...tools}
        onFilter={setFilter}
        onSort={setSorting}
      />
      {other === undefined ? null : (
        <div className={styles.legend}>
          <BarcodeLegend />
        </div>
      )}
      <div className={styles.pair} data-single={other === undefined || undefined}>
        <Side
          name={other === undefined ? null : name}
          probe={probe}
          problem={index}
          round={shown.round}
          {...tools}
          policy={nearestPolicy(policies, shown.round)}
          onPick={setWanted}
        />
        {other === undefined ? null : (
          <Side
            name={other.run.name}
            probe={other.probe}
            problem={other.index}
            round={shown.round}
            {...tools}
            policy={null}
            onPick={setWanted}
          />
        )}
      </div>
    </>
  );
}

interface SideProps {
  readonly name: string | null;
  readonly probe: ProbeView;
  readonly problem: number;
  readonly round: number;
  readonly filter: Filter;
  readonly sorting: Sorting;
  readonly policy: ReturnType<typeof nearestPolicy>;
  readonly onPick: (round: number) => void;
}

function Side({ name, probe, problem, round, filter, sorting, policy, onPick }: SideProps) {
  const history = probeHistory(probe, problem);
  const roundOf = new Map(history.map((one) => [one.trajectory, one.round]));
  const rows = sorted(
    history.map(({ trajectory }) => trajectory).filter((one) => passes(one, filter)),
    sorting,
  ).map((trajectory) => {
    const at = roundOf.get(trajectory);
    return { key: String(at), name: `Round ${at}`, trajectory };
  });
  const shown = probeAt(probe, round);
  const trajectory = shown?.trajectories[problem];
  return (
    <section className={styles.side} aria-label={name ?? 'This run'}>
      {name === null ? null : <h3 className={styles.sideName}>{name}</h3>}
      <SampleList
        label="This problem, round by round"
        rows={rows}
        chosen={shown === null ? null : String(shown.round)}
        column="round"
        paired={name !== null}
        onPick={(key) => onPick(Number(key))}
      />
      {shown === null || trajectory === undefined ? null : (
        <Transcript
          key={`${shown.round}-${problem}`}
          trajectory={trajectory}
          author="policy"
          policy={policy}
          paired={name !== null}
        />
      )}
    </section>
  );
}
