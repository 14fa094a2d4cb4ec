/**
 * The bar at the top: the choice of a run, the buttons that run it, the engine, files and help.
 */
import { ActionIcon, Tooltip } from '@mantine/core';
import { CircleHelp } from 'lucide-react';
import { EngineBadge } from './EngineBadge.tsx';
import { FileMenu } from './FileMenu.tsx';
import { PresetSelect, SeedInput } from './RunChoice.tsx';
import { RunControls } from './RunControls.tsx';
import { ShareButton } from './ShareButton.tsx';
import { ThemeSwitch } from './ThemeSwitch.tsx';
import styles from './topBar.module.css';

export function TopBar({ onHelp }: { onHelp: () => void }) {
  return (
    <header className={styles.bar}>
      <div className={styles.brand}>
        <Mark />
        <h1 className={styles.name}>ASTER Lab</h1>
      </div>
      <div className={styles.choice}>
        <PresetSelect />
        <SeedInput />
      </div>
      <RunControls />
      <div className={styles.space} />
      <EngineBadge />
      <div className={styles.tools}>
        <ShareButton />
        <FileMenu />
        <Tooltip label="Help, shortcuts, glossary (?)">
          <ActionIcon variant="subtle" color="gray" size={30} aria-label="Help and glossary" onClick={onHelp}>
            <CircleHelp size={17} aria-hidden />
          </ActionIcon>
        </Tooltip>
        <ThemeSwitch />
      </div>
    </header>
  );
}

/** An asterisk of three strokes: ASTER. */
function Mark() {
  return (
    <svg width="24" height="24" viewBox="0 0 32 32" aria-hidden="true" className={styles.mark}>
      <rect width="32" height="32" rx="7" />
      <g strokeLinecap="round" strokeWidth="3.4">
        <path d="M16 5.5v21" stroke="#56b4e9" />
        <path d="M6.9 10.75l18.2 10.5" stroke="#ffffff" />
        <path d="M25.1 10.75L6.9 21.25" stroke="#e69f00" />
      </g>
    </svg>
  );
}
