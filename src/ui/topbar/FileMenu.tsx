/**
 * What can be taken out of the page and put back: the run as JSON, the weights as safetensors.
 */
import { useRef } from 'react';
import { ActionIcon, Menu } from '@mantine/core';
import { Box, FileDown, FileUp, FolderDown } from 'lucide-react';
import type { LabState } from '../../lab/state.ts';
import { useLab, useLabActions } from '../app/lab.tsx';

const selectHasRun = (state: LabState) => state.runSettings !== null;
const selectHasWeights = (state: LabState) =>
  state.source.kind === 'live' &&
  (state.status === 'running' || state.status === 'paused' || state.status === 'done');

function save(file: { readonly name: string; readonly blob: Blob }): void {
  const address = URL.createObjectURL(file.blob);
  const link = document.createElement('a');
  link.href = address;
  link.download = file.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

export function FileMenu() {
  const hasRun = useLab(selectHasRun);
  const hasWeights = useLab(selectHasWeights);
  const actions = useLabActions();
  const input = useRef<HTMLInputElement>(null);
  const exportRun = () => {
    const file = actions.exportRun();
    if (file !== null) save(file);
  };
  const exportCheckpoint = async () => {
    const file = await actions.exportCheckpoint();
    if (file !== null) save(file);
  };
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
            onClick={() => void exportCheckpoint()}
          >
            Export the weights (safetensors)
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item leftSection={<FileUp size={15} aria-hidden />} onClick={() => input.current?.click()}>
            Open an exported run …
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <input
        ref={input}
        type="file"
        accept=".json,application/json"
        aria-label="Exported run"
        data-testid="open-run"
        hidden
        onChange={(event) => {
          const file = event.target.files?.[0];
          event.target.value = '';
          if (file !== undefined) void actions.openFile(file, file.name);
        }}
      />
    </>
  );
}
