/**
 * The tool, to be tried by hand: type Python and see what comes back. This Python is separate from every run's (lab/pythonRepl.ts); a cell
 * that loops for ever ends at its deadline, as it does in a run.
 */
import { useEffect, useRef, useState, type KeyboardEvent } from 'react';
import { Button, Textarea } from '@mantine/core';
import { createPythonRepl } from '../../lab/browser.ts';
import type { ExecutionResult, PythonRepl } from '../../lab/pythonRepl.ts';
import type { LabState } from '../../lab/state.ts';
import { useLab } from '../app/lab.tsx';
import styles from './tryPython.module.css';

const examples = ['37*2', 'x = 3', 'x**2', '7//0', 'while True: pass'] as const;

const selectDeadline = (state: LabState) => state.settings.sandbox.deadlineMs;

type Outcome = { readonly code: string } & (
  | { readonly result: ExecutionResult }
  | { readonly failure: string }
);

export function TryPython() {
  const deadlineMs = useLab(selectDeadline);
  const repl = useRef<PythonRepl | null>(null);
  const [code, setCode] = useState('');
  const [busy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  useEffect(() => {
    return () => {
      repl.current?.dispose();
      repl.current = null;
    };
  }, [deadlineMs]);
  const run = async (cell: string) => {
    if (busy) return;
    setBusy(true);
    repl.current ??= createPythonRepl(deadlineMs);
    try {
      setOutcome({ code: cell, result: await repl.current.run(cell) });
    } catch (error) {
      setOutcome({ code: cell, failure: error instanceof Error ? error.message : String(error) });
    }
    setBusy(false);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey) return;
    event.preventDefault();
    void run(code);
  };
  return (
    <div className={styles.repl} data-testid="try-python">
      <div className={styles.cell}>
        <Textarea
          className={styles.code ?? ''}
          aria-label="Python to run"
          placeholder="Python; the last expression is printed"
          autosize
          minRows={1}
          maxRows={5}
          value={code}
          onChange={(event) => setCode(event.currentTarget.value)}
          onKeyDown={onKeyDown}
        />
        <Button variant="default" loading={busy} disabled={code.trim() === ''} onClick={() => void run(code)}>
          Run
        </Button>
      </div>
      <div className={styles.examples}>
        {examples.map((example) => (
          <button
            key={example}
            type="button"
            className={styles.example}
            onClick={() => {
              setCode(example);
              void run(example);
            }}
          >
            {example}
          </button>
        ))}
      </div>
      <div className={styles.outcome} role="status" data-testid="try-python-result">
        {busy ? (
          'Running … (the first cell also starts Python)'
        ) : outcome === null ? null : (
          <OutcomeLine outcome={outcome} />
        )}
      </div>
    </div>
  );
}

function OutcomeLine({ outcome }: { outcome: Outcome }) {
  const failed = 'failure' in outcome || outcome.result.kind !== 'ok';
  return (
    <>
      <code className={styles.ran}>{outcome.code}</code>
      <span data-failed={failed}>{'failure' in outcome ? outcome.failure : words(outcome.result)}</span>
    </>
  );
}

function words(result: ExecutionResult): string {
  switch (result.kind) {
    case 'ok':
      return result.output === '' ? 'ran, and printed nothing' : result.output;
    case 'error':
      return `raised ${result.message}`;
    case 'timeout':
      return `stopped at its deadline of ${result.deadlineMs} ms`;
    case 'memory':
      return `stopped: ${result.message}`;
    case 'format':
      return `not run: ${result.message}`;
  }
}
