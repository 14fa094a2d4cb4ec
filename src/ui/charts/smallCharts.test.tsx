// @vitest-environment happy-dom
import { act, cleanup, screen, within } from '@testing-library/react';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { SeriesPoint } from '../../record/metricSeries.ts';
import { fakeLab, mockBrowser, renderInLab } from '../testing/lab.tsx';
import { SmallCharts } from './SmallCharts.tsx';

beforeEach(() => {
  mockBrowser();
  vi.useFakeTimers();
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

/** The names of the diagnostics that are listed after these rounds, and the one that is drawn. */
function listed(...rounds: readonly SeriesPoint[]) {
  renderInLab(
    fakeLab({ status: 'done', series: { rounds, sft: [], latest: {}, histograms: [] } }),
    <SmallCharts />,
  );
  act(() => void vi.advanceTimersByTime(1000));
  const place = screen.getByTestId('diagnostics');
  const names = within(place)
    .getAllByRole('button')
    .map(({ textContent }) => /^(?:▲ )?([A-Z][a-z]+(?: [a-z]+)?)/.exec(textContent ?? '')?.[1]);
  return { names, drawn: place.dataset['open'] };
}

it('lost states of Python are listed among the diagnostics only where there are any, and are then drawn', () => {
  expect(listed({ x: 1, 'tool_use/execution_success_ratio': 1 })).toEqual({
    names: ['Failed calls', 'Clipping', 'Mismatch'],
    drawn: '',
  });
  cleanup();
  const { names, drawn } = listed({ x: 1, 'tool_use/states_lost': 1 }, { x: 2 });
  expect(names).toContain('States lost');
  expect(drawn).toBe('states');
});
