/**
 * The lesson in a real page: files beside it, animation frames, and what is remembered of a visit: the view, and what was trained here.
 * It decides nothing.
 */
import type { View } from './link.ts';
import type { Frames } from './timeline.ts';
import { readTrainedHere, type TrainedHere } from './trainedHere.ts';

export async function download(path: string): Promise<Blob> {
  const response = await fetch(new URL(path, new URL('.', location.href)));
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.blob();
}

export const frames: Frames = {
  next: (frame) => {
    const asked = requestAnimationFrame(frame);
    return () => cancelAnimationFrame(asked);
  },
};

const viewKey = 'aster-lab-view';

export function rememberedView(): View | null {
  try {
    const view = localStorage.getItem(viewKey);
    return view === 'lab' || view === 'lesson' ? view : null;
  } catch {
    return null; // storage is switched off
  }
}

export function rememberView(view: View): void {
  try {
    localStorage.setItem(viewKey, view);
  } catch {
    // Then a link has to say it.
  }
}

const trainedKey = 'aster-lab-trained-here';

export function rememberedTraining(lesson: string): TrainedHere | null {
  try {
    return readTrainedHere(localStorage.getItem(trainedKey), lesson);
  } catch {
    return null;
  }
}

/** @param here null to forget it */
export function rememberTraining(here: TrainedHere | null): void {
  try {
    if (here === null) localStorage.removeItem(trainedKey);
    else localStorage.setItem(trainedKey, JSON.stringify(here));
  } catch {
    // Then the lab's list of runs has it.
  }
}

const schemeKey = 'mantine-color-scheme-value';

/** Light or dark, as index.html set it before the first paint. */
export function isDark(): boolean {
  return document.documentElement.getAttribute('data-mantine-color-scheme') === 'dark';
}

/** The same attribute and the same key as the instrument's, so that both views agree. */
export function setDark(dark: boolean): void {
  const scheme = dark ? 'dark' : 'light';
  document.documentElement.setAttribute('data-mantine-color-scheme', scheme);
  try {
    localStorage.setItem(schemeKey, scheme);
  } catch {
    // Then it lasts as long as the page.
  }
}
