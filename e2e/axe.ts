/**
 * No serious fault by axe, in the state that the page is in.
 *
 * Structure is the same in every colour scheme, so the rules of structure are asked once a state and those of colour in every scheme.
 * Where only one part of the page has changed since the last look, that part is looked at.
 */
import AxeBuilder from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';

/** The rules whose outcome depends on colours. */
const colourRules = ['color-contrast', 'link-in-text-block'];

interface Look {
  /** Only the rules of colour: structure was looked at in another scheme. */
  readonly colours?: boolean;
  /** A selector of what has changed; without it the whole page. */
  readonly within?: string;
}

export async function expectAccessible(page: Page, state: string, look: Look = {}): Promise<void> {
  const builder = new AxeBuilder({ page });
  if (look.colours === true) builder.withRules(colourRules);
  else builder.withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']);
  if (look.within !== undefined) builder.include(look.within);
  const { violations, passes } = await builder.analyze();
  expect(passes.length, `axe looked at something, ${state}`).toBeGreaterThan(0);
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  const told = serious.map(
    ({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(' ')).join('; ')}`,
  );
  expect(told, `axe, ${state}`).toEqual([]);
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
