import { expect, it } from 'vitest';
import { runStyle } from '../app/runStyle.ts';
import { standalone } from './picture.ts';

it('is an SVG that stands by itself: title, key, and no variable of the page', () => {
  const resolve = (text: string) => text.replace(/var\(--[\w-]+\)/g, '#123456');
  const key = [
    { name: 'Sparse & <dense>', style: runStyle(0) },
    { name: 'Other', style: runStyle(1) },
  ];
  const text = { title: 'Calls "per" try', subtitle: 'by round', key };
  const svg = standalone('<svg data-drawing=""/>', { width: 300, height: 100 }, text, resolve);
  expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" width="324" height="186"/);
  expect(svg).toContain('Calls &quot;per&quot; try');
  expect(svg).toContain('Sparse &amp; &lt;dense>');
  expect(svg.match(/<line /g)).toHaveLength(2);
  expect(svg, 'told apart without colour').toContain(`stroke-dasharray="${runStyle(0).dash}"`);
  expect(svg).toContain('<svg data-drawing=""/>');
  expect(svg).not.toContain('var(');
});
