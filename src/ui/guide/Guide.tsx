/**
 * What the lab is and what it will do, for someone who has never seen it: three paragraphs, two pairs of presets and the nine steps.
 */
import { Anchor, Button } from '@mantine/core';
import type { LabState, RunState } from '../../lab/state.ts';
import { findPreset } from '../../recipes/presets.ts';
import { useLab, useLabActions, useRun } from '../app/lab.tsx';
import { TryPython } from './TryPython.tsx';
import styles from './guide.module.css';

const selectPhases = (run: RunState) => run.phases;
const selectPreset = (state: LabState) => state.presetName;

/** Two pairs of presets that show collapse and its cure: in minutes on any machine, and with nine calls as in the paper. */
const pairs = [
  { name: 'quick-sparse', question: 'Thinks first, checks afterwards. Will it keep checking?' },
  { name: 'quick', question: 'Leaves most steps to the tool. Will it keep calling?' },
  {
    name: 'nano-sparse',
    question: 'Eleven steps and more in its head, then a check or two. Will it go on checking?',
  },
  { name: 'nano', question: 'Nine calls and more, as in the paper. Will it keep calling?' },
] as const;

export function Guide() {
  const phases = useRun(selectPhases);
  const chosen = useLab(selectPreset);
  const actions = useLabActions();
  return (
    <div className={styles.guide}>
      <p className={styles.lead}>
        A language model that reasons <em>with</em> a Python tool can unlearn it. Rewarded for right answers
        only, it may stop calling the tool, think at length in its head, and keep at most a trivial check at
        the end. That is <strong>interaction collapse</strong>.
      </p>
      <p>
        The remedy of ASTER (
        <Anchor href="https://arxiv.org/abs/2602.01204" target="_blank" rel="noreferrer">
          arXiv 2602.01204
        </Anchor>
        ) is a cold start on a few <em>interaction-dense</em> trajectories. Here the whole recipe runs on your
        own machine, with a small policy and arithmetic problems of several steps; every tool call is really
        executed.
      </p>
      <h3 className={styles.heading}>Same model, same problems, same reward</h3>
      <div className={styles.pairs}>
        {pairs.map(({ name, question }) => {
          const preset = findPreset(name);
          return preset === undefined ? null : (
            <div key={name} className={styles.choice} data-chosen={chosen === name}>
              <strong>{preset.title}</strong>
              <span>{question}</span>
              <Button
                size="compact-sm"
                variant={chosen === name ? 'light' : 'default'}
                aria-pressed={chosen === name}
                onClick={() => actions.applyPreset(name)}
              >
                {chosen === name ? 'Chosen' : 'Choose'}
              </Button>
            </div>
          );
        })}
      </div>
      <h3 className={styles.heading}>Lessons</h3>
      <p>
        <Anchor href="?lesson=collapse">What is interaction collapse?</Anchor> shows two recorded runs side by
        side. To write a lesson of your own, no code is needed: copy <code>public/lessons/collapse.json</code>
        , name two recordings in <code>public/runs/</code>, change the words, and open <code>?lesson=</code>{' '}
        with the file’s name. With <code>&amp;embed=1</code> another page can show it.
      </p>
      <h3 className={styles.heading}>The tool: Python, in a worker</h3>
      <TryPython />
      <h3 className={styles.heading}>What will happen</h3>
      <ol className={styles.steps}>
        {phases.map(({ name, label, help, status }) => (
          <li key={name} data-status={status}>
            <strong>{label}.</strong> {help}
          </li>
        ))}
      </ol>
    </div>
  );
}
