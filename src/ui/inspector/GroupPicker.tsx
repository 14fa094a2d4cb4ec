/**
 * Which prompt's group to read, with how many of its samples were right.
 */
import { ActionIcon, Select } from '@mantine/core';
import { ChevronLeft, ChevronRight } from 'lucide-react';
import { formatNumber } from '../app/format.ts';
import type { Group } from './groups.ts';
import styles from './inspector.module.css';

interface Props {
  readonly groups: readonly Group[];
  /** Null: all of them. */
  readonly group: Group | null;
  readonly onPick: (prompt: number | null) => void;
}

const everyPrompt = 'all';

export function GroupPicker({ groups, group, onPick }: Props) {
  const index = group === null ? -1 : groups.indexOf(group);
  const go = (to: number) => {
    const next = groups[to];
    if (next !== undefined) onPick(next.prompt);
  };
  return (
    <div className={styles.pickers}>
      <div className={styles.picker}>
        <ActionIcon
          variant="default"
          size={30}
          aria-label="Previous group"
          disabled={index <= 0}
          onClick={() => go(index - 1)}
        >
          <ChevronLeft size={16} aria-hidden />
        </ActionIcon>
        <Select
          aria-label="Group"
          size="xs"
          className={styles.select}
          classNames={{ input: styles.question ?? '' }}
          searchable
          data={[
            { value: everyPrompt, label: `All ${groups.length} prompts of the round` },
            ...groups.map(({ prompt, question, right, samples }) => ({
              value: String(prompt),
              label: `${question}   ${right}/${samples.length} right`,
            })),
          ]}
          value={group === null ? everyPrompt : String(group.prompt)}
          allowDeselect={false}
          onChange={(prompt) => {
            if (prompt !== null) onPick(prompt === everyPrompt ? null : Number(prompt));
          }}
        />
        <ActionIcon
          variant="default"
          size={30}
          aria-label="Next group"
          disabled={group !== null && index >= groups.length - 1}
          onClick={() => go(index + 1)}
        >
          <ChevronRight size={16} aria-hidden />
        </ActionIcon>
      </div>
      {group === null ? null : (
        <span className={styles.groupFacts}>
          {group.right}/{group.samples.length} right · {formatNumber(group.meanCalls)} calls · answer{' '}
          <code>{group.answer}</code>
        </span>
      )}
    </div>
  );
}
