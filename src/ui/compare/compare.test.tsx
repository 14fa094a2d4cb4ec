// @vitest-environment happy-dom
import { act, cleanup, fireEvent, render, screen, within } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exampleStudy, exampleStudyRun } from '../../study/testing/exampleStudy.ts';
import { experiments } from '../../recipes/experiments.ts';
import { App } from '../app/App.tsx';
import { closeTable, fakeLab, idleRun, mockBrowser, openTable, renderInLab } from '../testing/lab.tsx';
import { Compare } from './Compare.tsx';

beforeEach(mockBrowser);
afterEach(cleanup);

const open = { study: { name: 'study.json', study: exampleStudy() } };
const density = 'tool_use/avg_tool_calls_per_trajectory';

function chartTable(): { readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] } {
  const table = openTable('compare');
  const [head, ...rows] = within(table).getAllByRole('row');
  const texts = (row: Element | undefined) => [...(row?.children ?? [])].map((cell) => cell.textContent);
  const read = { head: texts(head), rows: rows.map(texts) };
  closeTable();
  return read;
}

describe('without a study', () => {
  it('says which experiments there are, and how to run each', () => {
    renderInLab(fakeLab(), <Compare />);
    for (const { name } of experiments) expect(screen.getByText(`npm run study -- ${name}`)).toBeDefined();
  });

  it('opens one that comes with the page', () => {
    const entry = { file: 'choice.json.gz', title: 'A choice to learn', description: 'Five seeds.' };
    const lab = fakeLab({ studies: [entry] });
    renderInLab(lab, <Compare />);
    fireEvent.click(screen.getByRole('button', { name: 'A choice to learn' }));
    expect(lab.actions.openStudy).toHaveBeenCalledWith('choice.json.gz');
  });

  it('opens a file', () => {
    const lab = fakeLab();
    renderInLab(lab, <Compare />);
    const file = new File(['{}'], 'study.json');
    fireEvent.change(screen.getByTestId('open-study'), { target: { files: [file] } });
    expect(lab.actions.openFile).toHaveBeenCalledWith(file, 'study.json');
  });
});

describe('a study', () => {
  it('says what it asked and how it was made, and can be closed', () => {
    const lab = fakeLab(open);
    renderInLab(lab, <Compare />);
    const head = screen.getByTestId('study').querySelector('header')?.textContent;
    for (const words of [
      'Interaction collapse',
      'Does a sparse',
      'quick',
      '1, 2',
      'tfjs',
      '2026-01-02',
      'abcdef0123',
    ])
      expect(head).toContain(words);
    fireEvent.click(screen.getByRole('button', { name: 'Close the study' }));
    expect(lab.actions.closeStudy).toHaveBeenCalledOnce();
  });

  it('has a line for each variant that learned, which its name switches off', () => {
    renderInLab(fakeLab(open), <Compare />);
    const legend = within(screen.getByRole('group', { name: 'Lines shown' }));
    expect(legend.getAllByRole('button').map(({ textContent }) => textContent)).toEqual([
      'Sparse cold start',
      'Dense cold start',
    ]);
    expect(chartTable().rows[0]).toEqual(['9', '1.50', '1.00', '2.00', '4.00']);
    const sparse = legend.getByRole('button', { name: 'Sparse cold start' });
    fireEvent.click(sparse);
    expect(sparse.getAttribute('aria-pressed')).toBe('false');
    expect(chartTable().head).toEqual(['Round', 'Dense cold start']);
    fireEvent.click(sparse);
    expect(chartTable().head).toEqual([
      'Round',
      'Sparse cold start',
      'Sparse cold start: smallest',
      'Sparse cold start: largest',
      'Dense cold start',
    ]);
  });

  it('lays the run shown over it', () => {
    const lab = fakeLab({
      ...open,
      source: { kind: 'recording', name: 'Sparse', recordedAt: '2026-01-01T00:00:00.000Z' },
      series: { ...idleRun.series, rounds: [{ x: 9, [density]: 3.25 }] },
    });
    renderInLab(lab, <Compare />);
    expect(screen.getByRole('button', { name: 'This run: Sparse' })).toBeDefined();
    expect(chartTable().rows[0]?.at(-1)).toBe('3.25');
  });

  it('shows each number with its range, and how often the alarm fired', () => {
    renderInLab(fakeLab(open), <Compare />);
    expect(screen.getByTestId('compare-calls-sparse').textContent).toBe(
      'Sparse cold start2 seeds1.501.00–2.000.380.25–0.50100%1 of 2round 17',
    );
    expect(screen.getByTestId('compare-calls-dense').textContent).toContain('none of 1');
    expect(screen.queryByTestId('compare-calls-evaluated')).toBeNull();
    expect(screen.getByTestId('compare-accuracy-sparse').textContent).not.toContain('40%');
    fireEvent.click(screen.getByRole('button', { name: 'short budget' }));
    expect(screen.getByTestId('compare-accuracy-sparse').textContent).toContain('40%before 20%');
    expect(screen.getByTestId('compare-accuracy-evaluated').textContent).toContain('40%');
  });

  it('lists its runs with seed, minutes and engine', () => {
    renderInLab(fakeLab(open), <Compare />);
    const rows = within(screen.getByTestId('compare-runs')).getAllByRole('row', { hidden: true }).slice(1);
    expect(rows.map(({ textContent }) => textContent)[1]).toBe('Sparse cold start22.0tfjs, one CPU core');
    expect(rows).toHaveLength(4);
  });

  it('shows what was trained on one family and evaluated on another', () => {
    const study = exampleStudy();
    renderInLab(fakeLab({ study: { name: 's', study } }), <Compare />);
    expect(screen.queryByTestId('compare-cross')).toBeNull();
    cleanup();
    const variant = (trainedOn: string, evaluatedOn: string) => {
      const name = trainedOn === evaluatedOn ? trainedOn : `${trainedOn}-to-${evaluatedOn}`;
      return { name, title: name, row: trainedOn, column: evaluatedOn };
    };
    const variants = [variant('chain', 'chain'), variant('horner', 'horner'), variant('chain', 'horner')];
    const families = {
      ...study,
      crossed: { rows: 'trained on', columns: 'evaluated on' },
      variants: [...variants, variant('horner', 'chain')],
      runs: variants.map(({ name }) => exampleStudyRun(name, 1, [])),
    };
    renderInLab(fakeLab({ study: { name: 's', study: families } }), <Compare />);
    const map = screen.getByTestId('compare-cross');
    fireEvent.click(within(map).getByRole('button', { name: 'short budget' }));
    const rows = within(map)
      .getAllByRole('row')
      .map(({ textContent }) => textContent);
    expect(rows).toEqual(['trained onevaluated on', 'chainhorner', 'chain40%40%', 'horner–40%']);
    fireEvent.click(within(map).getByRole('button', { name: 'calls' }));
    expect(within(map).getAllByRole('row')[2]?.textContent).toBe('chain1.001.00');
    expect(map.textContent).toContain('tool calls per trajectory on the training range');
  });

  it('says how much of it is still missing', () => {
    const partial = { ...exampleStudy(), missing: ['sparse, seed 3'] };
    renderInLab(fakeLab({ study: { name: 's', study: partial } }), <Compare />);
    expect(screen.getByText('Partial: 1 run is still missing.')).toBeDefined();
  });

  it('says where the variants do not begin a stage together', () => {
    const study = exampleStudy();
    const later = { ...exampleStudyRun('dense', 2, [4, 4]), stage1: 5 };
    renderInLab(
      fakeLab({ study: { name: 's', study: { ...study, runs: [...study.runs, later] } } }),
      <Compare />,
    );
    expect(screen.getByText(/stage 1 in 5 \(dense\); stage 1 in 9 \(sparse, dense\)/)).toBeDefined();
  });
});

describe('the page', () => {
  it('turns to the comparison when a study is opened, and leaves it to the person after that', () => {
    const lab = fakeLab();
    render(<App store={lab} />);
    expect(screen.queryByTestId('study')).toBeNull();
    act(() => lab.set(open));
    expect(screen.getByTestId('study')).toBeDefined();
    fireEvent.click(screen.getByRole('tab', { name: 'Guide' }));
    act(() => lab.set({ elapsedSeconds: 3 }));
    expect(screen.queryByTestId('study')).toBeNull();
  });
});
