/**
 * No serious fault by axe, in the state that the page is in.
 *
 * Structure is the same in every colour scheme, so the rules of structure are asked once a state and those of colour in every scheme.
 * Where only one part of the page has changed since the last look, that part is looked at.
 */
import axe from 'axe-core';
import { expect, type Page } from '@playwright/test';

type Axe = Pick<typeof axe, 'run' | 'version'>;

/** The rules whose outcome depends on colours. */
const colourRules = ['color-contrast', 'link-in-text-block'];

interface Look {
  /** Only the rules of colour: structure was looked at in another scheme. */
  readonly colours?: boolean;
  /** A selector of what has changed; without it the whole page. */
  readonly within?: string;
}

export async function expectAccessible(page: Page, state: string, look: Look = {}): Promise<void> {
  const { violations, passed } = await analyse(page, look);
  expect(passed, `axe looked at something, ${state}`).toBeGreaterThan(0);
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  const told = serious.map(
    ({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(' ')).join('; ')}`,
  );
  expect(told, `axe, ${state}`).toEqual([]);
}

/**
 * What axe finds. Its source is given to a page once: axe's own adapter does so at every look, and opens a window for each, which
 * costs five times as much. It does not look into frames: Python's, the only one, is hidden and has no content.
 */
async function analyse(page: Page, { colours = false, within }: Look) {
  const isThere = await page.evaluate(() => (globalThis as { axe?: Axe }).axe?.version !== undefined);
  if (!isThere) await page.evaluate(axe.source);
  return page.evaluate(
    async ({ selector, runOnly }) => {
      const { violations, passes } = await (globalThis as unknown as { axe: Axe }).axe.run(
        selector ?? document,
        { runOnly, iframes: false },
      );
      return { violations, passed: passes.length };
    },
    {
      selector: within,
      runOnly: colours
        ? { type: 'rule' as const, values: colourRules }
        : { type: 'tag' as const, values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] },
    },
  );
}

/** The state in the light scheme, then its colours in the dark one; the page is left in the light one. */
export async function expectAccessibleInBoth(page: Page, state: string, within?: string): Promise<void> {
  const part = within === undefined ? {} : { within };
  await page.emulateMedia({ colorScheme: 'light' });
  await expectAccessible(page, `${state}, light`, part);
  await page.emulateMedia({ colorScheme: 'dark' });
  await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', 'dark');
  await expectAccessible(page, `${state}, dark`, { colours: true, ...part });
  await page.emulateMedia({ colorScheme: 'light' });
  await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', 'light');
}
