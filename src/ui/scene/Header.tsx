/**
 * The frame's upper edge: the page's name, the other lessons, light or dark, and the way into the instrument.
 */
import { useEffect, useState } from 'react';
import { Moon, Sun } from 'lucide-react';
import { download, isDark, setDark } from '../../lab/lesson/browser.ts';
import { listLessons, type ListedLesson } from '../../lab/lesson/openLesson.ts';
import styles from './scene.module.css';

interface Props {
  readonly lesson: string;
  readonly onLesson: (name: string) => void;
  readonly onLab: () => void;
}

export function Header({ lesson, onLesson, onLab }: Props) {
  const [lessons, setLessons] = useState<readonly ListedLesson[]>([]);
  const [dark, showDark] = useState(isDark);
  useEffect(() => {
    void listLessons(download).then(setLessons);
  }, []);
  return (
    <header className={styles.header}>
      <span className={styles.brand}>
        <svg className={styles.logo} viewBox="0 0 24 24" aria-hidden="true">
          <path d="M2 6h7v3H2zM11 6h3v3h-3zM16 6h6v3h-6z" data-student="b" />
          <path d="M2 14h16v3H2z" data-student="a" />
          <path d="M20 14h2v3h-2z" data-student="b" />
        </svg>
        ASTER Lab
      </span>
      <nav className={styles.lessons} aria-label="Lessons">
        {lessons.map(({ name, title }) => (
          <a
            key={name}
            href={`?lesson=${name}`}
            aria-current={name === lesson ? 'page' : undefined}
            onClick={(event) => {
              if (event.metaKey || event.ctrlKey || event.shiftKey) return;
              event.preventDefault();
              onLesson(name);
            }}
          >
            {title}
          </a>
        ))}
      </nav>
      <button
        type="button"
        className={styles.icon}
        aria-label={dark ? 'Light colours' : 'Dark colours'}
        onClick={() => {
          setDark(!dark);
          showDark(!dark);
        }}
      >
        {dark ? <Sun size={17} aria-hidden /> : <Moon size={17} aria-hidden />}
      </button>
      <a
        className={styles.toLab}
        href="?view=lab"
        data-testid="open-lab"
        onClick={(event) => {
          if (event.metaKey || event.ctrlKey || event.shiftKey) return;
          event.preventDefault();
          onLab();
        }}
      >
        Open the lab
      </a>
    </header>
  );
}
