/**
 * The menu of files: export the run as JSON, the weights as safetensors, the policy and the data as other tools read them; open a run or a
 * study, a model from elsewhere, or a recorded run that comes with the page.
 */
import { ActionIcon, Menu } from '@mantine/core';
import { Box, Database, FileDown, FileUp, FolderDown, FolderUp, History, Package } from 'lucide-react';
import type { LabState, NamedFile, RunState } from '../../lab/state.ts';
import { useLab, useLabActions, useRun } from '../app/lab.tsx';
import { save } from '../app/save.ts';
import { useFileInput, useModelInput } from './useFileInput.tsx';
import styles from './topBar.module.css';

const selectHasRun = (run: RunState) => run.status !== 'idle';
const selectHasWeights = (run: RunState) =>
  run.source.kind === 'live' &&
  (run.status === 'running' || run.status === 'paused' || run.status === 'done');

const selectRecordings = (state: LabState) => state.recordings;

export function FileMenu() {
  const hasRun = useRun(selectHasRun);
  const hasWeights = useRun(selectHasWeights);
  const actions = useLabActions();
  const recordings = useLab(selectRecordings);
  const { input, ask } = useFileInput('Exported run or study', 'open-run');
  const exportRun = () => {
    const file = actions.exportRun();
    if (file !== null) save(file);
  };
  const models = useModelInput('Model files', 'open-model', false);
  const folders = useModelInput('Model folder', 'open-model-folder', true);
  const saveWhenMade = (made: Promise<NamedFile | null>) =>
    void made.then((file) => {
      if (file !== null) save(file);
    });
  return (
    <>
      <Menu position="bottom-end" width={280} shadow="md">
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size={30} aria-label="Export or open a run">
            <FolderDown size={17} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<FileDown size={15} aria-hidden />} disabled={!hasRun} onClick={exportRun}>
            Export the run (JSON)
          </Menu.Item>
          <Menu.Item
            leftSection={<Box size={15} aria-hidden />}
            disabled={!hasWeights}
            onClick={() => saveWhenMade(actions.exportWeights())}
          >
            Export the weights (safetensors)
          </Menu.Item>
          <Menu.Item
            leftSection={<Package size={15} aria-hidden />}
            disabled={!hasWeights}
            onClick={() => saveWhenMade(actions.exportModel())}
          >
            Export the policy for transformers (zip)
            <span className={styles.itemNote}>Hugging Face’s model folder, with its card</span>
          </Menu.Item>
          <Menu.Item
            leftSection={<Database size={15} aria-hidden />}
            disabled={!hasRun}
            onClick={() => saveWhenMade(actions.exportData())}
          >
            Export the data for TRL and verl (zip)
            <span className={styles.itemNote}>Python runs the teacher’s calls again first</span>
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item leftSection={<FileUp size={15} aria-hidden />} onClick={ask}>
            Open a run or a study …
          </Menu.Item>
          <Menu.Item leftSection={<Package size={15} aria-hidden />} onClick={models.ask}>
            Begin from a model …
            <span className={styles.itemNote}>A zip, .safetensors or shards; with these settings</span>
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
