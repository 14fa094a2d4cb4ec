/**
 * Copies the address that reproduces the run shown (or the next one, before there is a run).
 */
import { useState } from 'react';
import { ActionIcon, Tooltip } from '@mantine/core';
import { Check, Link } from 'lucide-react';
import { shownRun, type RunState } from '../../lab/state.ts';
import { writeUrl } from '../../recipes/urlState.ts';
import { useLabStore } from '../app/lab.tsx';

function shareAddress(run: RunState): string {
  const query = writeUrl(run);
  // An address without any setting opens the lesson.
  return `${location.origin}${location.pathname}?${query === '' ? 'view=lab' : query}`;
}

export function ShareButton() {
  const store = useLabStore();
  const [told, setTold] = useState<'copied' | 'failed' | null>(null);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(shareAddress(shownRun(store.getState())));
      setTold('copied');
    } catch {
      setTold('failed'); // no permission, or not a secure page: the address bar has the same link
    }
    setTimeout(() => setTold(null), 2500);
  };
  const words = {
    copied: 'Link copied: it reproduces this run',
    failed: 'The browser forbids copying; take the link from the address bar',
  };
  const label = told === null ? 'Copy a link to this run' : words[told];
  return (
    <>
      <Tooltip label={label} {...(told === null ? {} : { opened: true })}>
        <ActionIcon
          variant="subtle"
          color="gray"
          size={30}
          aria-label="Copy a link to this run"
          onClick={() => void copy()}
        >
          {told === 'copied' ? <Check size={17} aria-hidden /> : <Link size={17} aria-hidden />}
        </ActionIcon>
      </Tooltip>
      <span role="status" className="lab-hidden">
        {told === null ? '' : words[told]}
      </span>
    </>
  );
}
