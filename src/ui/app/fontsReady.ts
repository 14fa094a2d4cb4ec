/**
 * Waits for the page's typefaces, so that nothing that is drawn in another one moves when they come; not for long, as a page without them
 * is better than none.
 */
const patience = 600; // ms

export function fontsReady(): Promise<void> {
  const fonts = Promise.all(
    ['14px "Inter Variable"', '13px "JetBrains Mono Variable"'].map((font) => document.fonts.load(font)),
  );
  const late = new Promise((resolve) => setTimeout(resolve, patience));
  return Promise.race([fonts, late]).then(
    () => undefined,
    () => undefined,
  );
}
