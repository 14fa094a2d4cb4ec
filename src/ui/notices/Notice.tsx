/**
 * One notice: icon, what happened, what to do, buttons.
 */
import type { ReactNode } from 'react';
import { CloseButton } from '@mantine/core';
import type { LucideIcon } from 'lucide-react';
import styles from './notices.module.css';

interface NoticeProps {
  readonly tone: 'failure' | 'warning' | 'info';
  readonly icon: LucideIcon;
  readonly title: string;
  readonly children?: ReactNode;
  readonly actions?: ReactNode;
  readonly onDismiss?: () => void;
  readonly testId: string;
}

export function Notice({ tone, icon: Icon, title, children, actions, onDismiss, testId }: NoticeProps) {
  return (
    <div
      className={styles.notice}
      data-tone={tone}
      data-testid={testId}
      role={tone === 'failure' ? 'alert' : 'status'}
    >
      <Icon size={17} aria-hidden className={styles.icon} />
      <div className={styles.words}>
        <strong>{title}</strong> {children}
      </div>
      {actions === undefined ? null : <div className={styles.actions}>{actions}</div>}
      {onDismiss === undefined ? null : <CloseButton size={24} aria-label="Dismiss" onClick={onDismiss} />}
    </div>
  );
}
