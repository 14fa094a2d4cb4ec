/**
 * The menu of files: export the run as JSON, the weights as safetensors, the policy and the data as other tools read them; open a run or a
 * study, a model from elsewhere, or a recorded run that comes with the page.
 */
import { useState } from 'react';
import { ActionIcon, Loader, Menu } from '@mantine/core';
import { Box, Database, FileDown, FileUp, FolderDown, FolderUp, History, Package } from 'lucide-react';
import type { LabState, NamedFile, RunState } from '../../lab/state.ts';
import { useLab, useLabActions, useRun } from '../app/lab.tsx';
import { save } from '../app/save.ts';
import { useFileInput, useModelInput } from './useFileInput.tsx';
import styles from './topBar.module.css';

const selectHasRun = (run: RunState) => run.status !== 'idle';
/** Whose policy can be taken, in words: of a recording that of the round that lies beside it; null where there is none. */
const selectPolicy = ({ source, status, checkpoint, weights }: RunState): string | null => {
  switch (source.kind) {
    case 'live':
      if (status === 'running' || status === 'paused' || status === 'done') return 'as it is now';
      return checkpoint === null ? null : 'of the newest checkpoint';
    case 'recording': {
      const kept = weights.at(-1);
      return kept === undefined ? null : `of round ${kept.round}, the newest kept up to here`;
    }
    case 'file':
      return null;
  }
};

const selectRecordings = (state: LabState) => state.recordings;

export function FileMenu() {
  const hasRun = useRun(selectHasRun);
  const policy = useRun(selectPolicy);
  const actions = useLabActions();
  const recordings = useLab(selectRecordings);
  const { input, ask } = useFileInput('Exported run or study', 'open-run');
  const exportRun = () => {
    const file = actions.exportRun();
    if (file !== null) save(file);
  };
  const models = useModelInput('Model files', 'open-model', false);
  const folders = useModelInput('Model folder', 'open-model-folder', true);
  const [making, setMaking] = useState(false);
  const saveWhenMade = (made: Promise<NamedFile | null>) => {
    setMaking(true);
    void made
      .then((file) => {
        if (file !== null) save(file);
      })
      .finally(() => setMaking(false));
  };
  return (
    <>
      <Menu position="bottom-end" width={300} shadow="md">
        <Menu.Target>
          <ActionIcon
            variant="subtle"
            color="gray"
            size={30}
            aria-label="Export or open a run"
            aria-busy={making}
            title={making ? 'The file is being made …' : undefined}
          >
            {making ? <Loader size={15} color="gray" aria-hidden /> : <FolderDown size={17} aria-hidden />}
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown className={styles.fileMenu}>
          <Menu.Item leftSection={<FileDown size={15} aria-hidden />} disabled={!hasRun} onClick={exportRun}>
            Export the run (JSON)
          </Menu.Item>
          <Menu.Item
            leftSection={<Box size={15} aria-hidden />}
            disabled={policy === null || making}
            onClick={() => saveWhenMade(actions.exportWeights())}
          >
            Export the weights (safetensors)
          </Menu.Item>
          <Menu.Item
            leftSection={<Package size={15} aria-hidden />}
            disabled={policy === null || making}
            onClick={() => saveWhenMade(actions.exportModel())}
          >
            Export the policy (zip)
            <span className={styles.itemNote}>
              A model folder that Hugging Face’s transformers opens
              {policy === null ? '' : `; ${policy}`}
            </span>
          </Menu.Item>
          <Menu.Item
            leftSection={<Database size={15} aria-hidden />}
            disabled={!hasRun || making}
            onClick={() => saveWhenMade(actions.exportData())}
          >
            Export the data (zip)
            <span className={styles.itemNote}>
              What TRL and verl train on; Python runs the teacher’s calls again first
            </span>
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item leftSection={<FileUp size={15} aria-hidden />} onClick={ask}>
            Open a run or a study …
          </Menu.Item>
          <Menu.Item leftSection={<Package size={15} aria-hidden />} onClick={models.ask}>
            Begin from a model …
            <span className={styles.itemNote}>
              A run with the form’s settings, from a zip, a .safetensors file or shards
            </span>
          </Menu.Item>
          <Menu.Item leftSection={<FolderUp size={15} aria-hidden />} onClick={folders.ask}>
            Begin from a model folder …
          </Menu.Item>
          {recordings.length === 0 ? null : (
            <>
              <Menu.Divider />
              <Menu.Label>Recorded runs</Menu.Label>
            </>
          )}
          {recordings.map(({ file, title, description }) => (
            <Menu.Item
              key={file}
              leftSection={<History size={15} aria-hidden />}
              onClick={() => void actions.openRecording(file)}
            >
              {title}
              <span className={styles.itemNote}>{description}</span>
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      {input}
      {models.input}
      {folders.input}
    </>
  );
}
