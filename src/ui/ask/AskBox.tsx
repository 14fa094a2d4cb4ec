/**
 * Ask it yourself: a problem that a person writes or draws, answered by the policy of the run shown, token by token, its calls really run in
 * Python. It takes no part in training.
 *
 * Invariant (ask.isolated.test.tsx): a problem that is not understood gets a sentence with the form that is, and nothing is asked; the box always
 * says whose policy answers.
 */
import { useEffect, useRef, useState, type KeyboardEvent } from 'react';
import { Button, NativeSelect, TextInput } from '@mantine/core';
import { Dices } from 'lucide-react';
import { pageAsker } from '../../lab/askBrowser.ts';
import type { AskAnswer, Asker } from '../../lab/asking.ts';
import type { RunState } from '../../lab/state.ts';
import { drawnProblem, readProblem, unfamiliar } from '../../tasks/askedProblem.ts';
import type { Problem } from '../../tasks/problem.ts';
import { Empty } from '../app/Empty.tsx';
import { useRun } from '../app/lab.tsx';
import { Transcript } from '../inspector/Transcript.tsx';
import type { Written } from '../inspector/written.ts';
import { usePolicies, type PolicyChoice } from './policies.ts';
import styles from './ask.module.css';

const selectSettings = (run: RunState) => run.settings;
const selectName = (run: RunState) => run.name;

/** What was asked last, and how far the answer is. */
interface Conversation {
  readonly problem: Problem;
  readonly by: PolicyChoice;
  readonly written: Written | null;
  readonly answer: AskAnswer | null;
  readonly failure: string | null;
}

interface Props {
  /** For tests; the page's where absent. */
  readonly asker?: Pick<Asker, 'ask' | 'stop'>;
}

export function AskBox({ asker }: Props) {
  const policies = usePolicies();
  const settings = useRun(selectSettings);
  const runName = useRun(selectName);
  const [text, setText] = useState('');
  const [complaint, setComplaint] = useState<string | null>(null);
  const [key, setKey] = useState<string | null>(null);
  const [talk, setTalk] = useState<Conversation | null>(null);
  const draws = useRef(0);
  const asked = useRef(0);
  const line = () => asker ?? pageAsker();
  useEffect(() => {
    const current = asked;
    return () => {
      current.current++; // an answer that comes after the box has gone is nobody's
    };
  }, []);
  if (!policies.ok) {
    return <Empty title="Ask it yourself">{policies.message}</Empty>;
  }
  const chosen = policies.choices.find(({ policy }) => policy.key === key) ?? policies.choices.at(-1);
  const busy = talk !== null && talk.answer === null && talk.failure === null;
  const lengths = { min: settings.task.coldStartMinLength, max: settings.task.coldStartMaxLength };
  const ask = (problem: Problem, by: PolicyChoice) => {
    const number = ++asked.current;
    const update = (change: Partial<Conversation>) => {
      if (number === asked.current) setTalk((now) => (now === null ? null : { ...now, ...change }));
    };
    setComplaint(null);
    setTalk({ problem, by, written: null, answer: null, failure: null });
    line()
      .ask(by.policy, problem, number, (trajectory) => update({ written: { ...trajectory, stop: null } }))
      .then(
        (answer) => update({ answer, written: answer.trajectory }),
        (error: unknown) => update({ failure: error instanceof Error ? error.message : String(error) }),
      )
      .catch(() => undefined);
  };
  const submit = () => {
    if (chosen === undefined) return;
    const read = readProblem(text, settings.task);
    if (read.ok) ask(read.problem, chosen);
    else setComplaint(read.message);
  };
  const draw = () => {
    const problem = drawnProblem(
      settings.task,
      { min: settings.stage1.minLength, max: settings.stage1.maxLength },
      draws.current++,
    );
    setText(problem.question.trim());
    if (chosen !== undefined) ask(problem, chosen);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    submit();
  };
  return (
    <div className={styles.ask} data-testid="ask">
      <div className={styles.head}>
        <span>
          You ask the policy of <strong>{runName}</strong>
        </span>
        {policies.choices.length < 2 ? (
          <span>{chosen?.phrase ?? ''}</span>
        ) : (
          <NativeSelect
            size="xs"
            aria-label="The policy of which round"
            value={chosen?.policy.key}
            onChange={(event) => setKey(event.currentTarget.value)}
            data={policies.choices.map((one) => ({ value: one.policy.key, label: one.phrase }))}
          />
        )}
      </div>
      <div className={styles.line}>
        <TextInput
          className={styles.input ?? ''}
          aria-label="A problem of your own"
          placeholder="37 *2 +15 //4"
          value={text}
          error={complaint}
          onChange={(event) => setText(event.currentTarget.value)}
          onKeyDown={onKeyDown}
        />
        {busy ? (
          <Button variant="default" onClick={() => line().stop()}>
            Stop
          </Button>
        ) : (
          <Button disabled={text.trim() === ''} onClick={submit}>
            Ask
          </Button>
        )}
        <Button
          variant="default"
          leftSection={<Dices size={15} aria-hidden />}
          disabled={busy}
          onClick={draw}
        >
          Draw one
        </Button>
      </div>
      <p className={styles.hint}>
        A start and steps, each on the result of the one before; // divides and drops the rest, % is the rest.
        What is drawn is held out: no run was trained on it.
      </p>
      <Outcome talk={talk} note={talk === null ? null : unfamiliar(talk.problem, settings.task, lengths)} />
      {talk === null || talk.written === null ? null : (
        <Transcript
          trajectory={talk.written}
          author="policy"
          policy={talk.answer === null ? null : talk.by}
        />
      )}
    </div>
  );
}

function Outcome({ talk, note }: { talk: Conversation | null; note: string | null }) {
  if (talk === null) return null;
  const { problem, by, answer, failure, written } = talk;
  return (
    <p className={styles.outcome} role="status" data-testid="ask-outcome">
      {failure !== null ? (
        <span data-wrong>{failure}</span>
      ) : answer === null ? (
        written === null ? (
          `Loading the policy ${by.phrase} …`
        ) : (
          `The policy ${by.phrase} is writing …`
        )
      ) : answer.stopped ? (
        'Stopped.'
      ) : answer.right ? (
        <span data-right>Right: {problem.answer}.</span>
      ) : answer.trajectory.stop === 'end' ? (
        <span data-wrong>Wrong: the answer is {problem.answer}.</span>
      ) : (
        <span data-wrong>No answer before it was cut off; it is {problem.answer}.</span>
      )}{' '}
      {note}
    </p>
  );
}
