/**
 * The page's content policy, as hosts are told to send it: it names the frame's script, and lets no other text become code.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const policy = /^ {2}Content-Security-Policy: (.+)$/m.exec(read('public/_headers'))?.[1] ?? '';

it("names the frame's script by its hash; after a change of frame.js, public/_headers needs this one", () => {
  const hash = createHash('sha256').update(read('src/sandbox/frame.js')).digest('base64');
  expect(policy).toContain(`'sha256-${hash}'`);
});

it('lets nothing else become a script', () => {
  const [, scripts = ''] = /script-src ([^;]+)/.exec(policy) ?? [];
  expect(scripts.split(' ').filter((source) => !source.startsWith("'sha256-"))).toEqual([
    "'self'",
    "'wasm-unsafe-eval'",
  ]);
  expect(policy).toMatch(/^default-src 'none';/);
  expect(policy).toMatch(/connect-src 'self';/);
});

it('fits the page, which has no script in it', () => {
  for (const [script] of read('index.html').matchAll(/<script[^>]*>[^<]*/g)) {
    expect(script).toMatch(/ src="[^"]+">\s*$/);
  }
});
