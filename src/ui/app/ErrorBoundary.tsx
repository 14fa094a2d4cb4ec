/**
 * What the page shows where drawing a part of it has failed: what happened, what to do, and a button, never a blank page.
 *
 * It stands around the whole page and around each panel, so that a fault in one panel leaves the run and the other panels alone.
 */
import { Component, type ErrorInfo, type ReactNode } from 'react';
import { Button } from '@mantine/core';
import styles from './errorBoundary.module.css';

interface Props {
  /** What is inside, as it reads in a sentence: "The page", "The trajectories". */
  readonly what: string;
  readonly children: ReactNode;
}

export class ErrorBoundary extends Component<Props, { readonly message: string | null }> {
  override state = { message: null };

  static getDerivedStateFromError(error: unknown): { message: string } {
    return { message: error instanceof Error ? error.message : String(error) };
  }

  override componentDidCatch(error: Error, info: ErrorInfo): void {
    reportError(
      new Error(`${this.props.what}: ${error.message}${info.componentStack ?? ''}`, { cause: error }),
    );
  }

  override render(): ReactNode {
    if (this.state.message === null) return this.props.children;
    return (
      <section className={styles.fault} role="alert">
        <h2 className={styles.title}>{this.props.what} could not be drawn.</h2>
        <p className={styles.text}>
          The run itself is not affected. Draw it again, or reload the page if it fails once more.
        </p>
        <code className={styles.message}>{this.state.message}</code>
        <div className={styles.actions}>
          <Button size="xs" onClick={() => this.setState({ message: null })}>
            Draw again
          </Button>
          <Button size="xs" variant="default" onClick={() => location.reload()}>
            Reload the page
          </Button>
        </div>
      </section>
    );
  }
}
