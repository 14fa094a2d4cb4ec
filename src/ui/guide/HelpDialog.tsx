/**
 * Help: the keys, and the terms of the field.
 */
import { Kbd, Modal } from '@mantine/core';
import { glossary, shortcuts } from './glossary.ts';
import styles from './help.module.css';

interface Props {
  readonly opened: boolean;
  readonly onClose: () => void;
}

export function HelpDialog({ opened, onClose }: Props) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title="Help"
      size="lg"
      closeButtonProps={{ 'aria-label': 'Close the help' }}
      classNames={{ title: styles.title ?? '' }}
    >
      <h3 className={styles.heading}>Keys</h3>
      <dl className={styles.keys}>
        {shortcuts.map(({ key, what }) => (
          <div key={key}>
            <dt>
              <Kbd>{key}</Kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <h3 className={styles.heading}>Words</h3>
      <dl className={styles.glossary}>
        {glossary.map(({ term, meaning }) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  );
}
