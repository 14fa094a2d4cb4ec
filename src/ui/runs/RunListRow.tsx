/**
 * One run in the list: a button that shows it, its name and note to be changed in place, and a menu of what else can be done.
 */
import { lazy, Suspense, useState } from 'react';
import { ActionIcon, Button, Menu, Textarea, TextInput, UnstyledButton } from '@mantine/core';
import {
  Eye,
  EyeOff,
  GitFork,
  MoreHorizontal,
  Pause,
  Pencil,
  Pin,
  PinOff,
  Play,
  Square,
  Trash2,
} from 'lucide-react';
import { recordedMoments, recordingOf } from '../../lab/recordedMoments.ts';
import type { KeptMoment, LabState, LibraryView, RunState } from '../../lab/state.ts';
import { formatNumber, formatShare } from '../app/format.ts';
import { useLab, useLabActions } from '../app/lab.tsx';
import { RunSwatch } from './RunSwatch.tsx';
import { differingText, formatBytes, parentText, type RunRow } from './runRows.ts';
import styles from './runs.module.css';

const ForkDialog = lazy(async () => ({ default: (await import('./ForkDialog.tsx')).ForkDialog }));

const selectRecordings = (state: LabState) => state.recordings;

/** Where a run can be forked, oldest first: at what this browser kept, or at a recording's weights up to the round shown. */
function forkMoments(
  run: RunState,
  kept: Props['kept'],
  recordings: LabState['recordings'],
): readonly KeptMoment[] {
  if (run.source.kind === 'live') return kept?.moments ?? [];
  return recordingOf(run, recordings) === null ? [] : recordedMoments(run);
}

/** Why it cannot be forked, and what to do. */
function noMoments({ source, weights }: RunState): string {
  switch (source.kind) {
    case 'live':
      return 'No checkpoint is kept yet; the first comes with the cold start.';
    case 'recording':
      return weights.length === 0
        ? 'No weights were kept up to the round shown; show the run, and move on.'
        : 'It is not among this page’s recordings.';
    case 'file':
      return 'A file has no weights.';
  }
}

interface Props {
  readonly row: RunRow;
  /** The page shows it. */
  readonly shown: boolean;
  readonly kept: LibraryView['kept'][string] | null;
}

export function RunListRow({ row, shown, kept }: Props) {
  const actions = useLabActions();
  const [editing, setEditing] = useState(false);
  const { run, differs, state, calls, reward, heldOut } = row;
  return (
    <tr
      className={styles.row}
      data-shown={shown}
      data-testid="run-row"
      data-run={run.id}
      data-status={run.status}
      data-kept={kept?.moments.map(({ place }) => place.phase).join()}
    >
      <th scope="row" className={styles.what}>
        {editing ? (
          <Editor row={row} onDone={() => setEditing(false)} />
        ) : (
          <UnstyledButton
            className={styles.show}
            aria-current={shown ? 'true' : undefined}
            title={shown ? 'The page shows this run' : 'Show this run; no other ends by it'}
            onClick={() => actions.focusRun(run.id)}
          >
            <RunSwatch colour={run.colour} dash={run.dash} />
            <span className={styles.name}>{run.name}</span>
            {run.pinned ? <Pin size={12} aria-label="pinned" /> : null}
            {run.visible ? null : <EyeOff size={12} aria-label="not in the charts" />}
          </UnstyledButton>
        )}
        {differs.length === 0 ? null : <span className={styles.differs}>{differingText(differs)}</span>}
        {run.parent === null ? null : <span className={styles.differs}>{parentText(run.parent)}</span>}
        {run.note === '' || editing ? null : <span className={styles.note}>{run.note}</span>}
      </th>
      <td data-label="State">{state}</td>
      <td data-label="Calls" className={styles.number}>
        {formatNumber(calls)}
      </td>
      <td data-label="Reward" className={styles.number}>
        {formatShare(reward)}
      </td>
      <td data-label="Held out" className={styles.number}>
        {formatShare(heldOut)}
      </td>
      <td className={styles.actions}>
        <RunActions row={row} kept={kept} onEdit={() => setEditing(true)} />
      </td>
    </tr>
  );
}

function RunActions({ row: { run }, kept, onEdit }: Omit<Props, 'shown'> & { readonly onEdit: () => void }) {
  const actions = useLabActions();
  const [forking, setForking] = useState(false);
  const { id, name, status, pinned, visible } = run;
  const live = run.source.kind === 'live';
  const recordings = useLab(selectRecordings);
  const moments = forkMoments(run, kept, recordings);
  const whyNot = moments.length > 0 ? null : noMoments(run);
  const goesOn =
    live &&
    (status === 'paused' || status === 'interrupted' || (status === 'failed' && run.checkpoint !== null));
  return (
    <>
      {goesOn ? (
        <ActionIcon
          variant="light"
          size={28}
          aria-label={`Go on with ${name}`}
          onClick={() => actions.resumeRuns([id])}
        >
          <Play size={15} aria-hidden fill="currentColor" />
        </ActionIcon>
      ) : null}
      {live && status === 'running' ? (
        <ActionIcon
          variant="light"
          size={28}
          aria-label={`Pause ${name}`}
          onClick={() => actions.pauseRun(id)}
        >
          <Pause size={15} aria-hidden fill="currentColor" />
        </ActionIcon>
      ) : null}
      <Menu position="bottom-end" width={230} shadow="md">
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size={28} aria-label={`More about ${name}`}>
            <MoreHorizontal size={16} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<Pencil size={14} aria-hidden />} onClick={onEdit}>
            Name and note …
          </Menu.Item>
          <Menu.Item
            leftSection={pinned ? <PinOff size={14} aria-hidden /> : <Pin size={14} aria-hidden />}
            onClick={() => actions.pinRun(id, !pinned)}
          >
            {pinned ? 'Unpin' : 'Pin to the top'}
          </Menu.Item>
          <Menu.Item
            leftSection={visible ? <EyeOff size={14} aria-hidden /> : <Eye size={14} aria-hidden />}
            onClick={() => actions.showRun(id, !visible)}
          >
            {visible ? 'Hide from the charts' : 'Draw in the charts'}
          </Menu.Item>
          <Menu.Item
            leftSection={<GitFork size={14} aria-hidden />}
            disabled={whyNot !== null}
            onClick={() => setForking(true)}
          >
            {live ? 'Fork at a checkpoint …' : 'Fork at a kept round …'}
            {whyNot === null ? null : <span className={styles.whyNot}>{whyNot}</span>}
          </Menu.Item>
          {live && (status === 'running' || status === 'starting' || status === 'paused') ? (
            <Menu.Item leftSection={<Square size={14} aria-hidden />} onClick={() => actions.stopRun(id)}>
              Stop; it can go on later
            </Menu.Item>
          ) : null}
          <Menu.Divider />
          <Menu.Item
            color="red"
            leftSection={<Trash2 size={14} aria-hidden />}
            onClick={() => actions.deleteRun(id)}
          >
            Delete{kept === null ? '' : ` (frees ${formatBytes(kept.bytes)})`}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {forking ? (
        <Suspense fallback={null}>
          <ForkDialog run={run} moments={moments} onClose={() => setForking(false)} />
        </Suspense>
      ) : null}
    </>
  );
}

/** Name and note; Enter keeps the name, Escape leaves both as they were. */
function Editor({ row: { run }, onDone }: { readonly row: RunRow; readonly onDone: () => void }) {
  const actions = useLabActions();
  const [name, setName] = useState(run.name);
  const [note, setNote] = useState(run.note);
  const keep = () => {
    actions.renameRun(run.id, name);
    actions.noteRun(run.id, note.trim());
    onDone();
  };
  return (
    <form
      className={styles.editor}
      onSubmit={(event) => {
        event.preventDefault();
        keep();
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        onDone();
      }}
    >
      <TextInput
        size="xs"
        aria-label="Name"
        autoFocus
        value={name}
        maxLength={80}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Textarea
        size="xs"
        aria-label="Note"
        placeholder="A note"
        autosize
        value={note}
        maxLength={500}
        onChange={(event) => setNote(event.currentTarget.value)}
      />
      <Button type="submit" size="compact-xs">
        Keep
      </Button>
    </form>
  );
}
