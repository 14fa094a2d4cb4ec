/**
 * A description from the settings' schema, with its `code` shown as code.
 */
import styles from './settings.module.css';

export function Prose({ text }: { text: string }) {
  return text.split('`').map((part, index) =>
    index % 2 === 0 ? (
      part
    ) : (
      <code key={index} className={styles.code}>
        {part}
      </code>
    ),
  );
}
