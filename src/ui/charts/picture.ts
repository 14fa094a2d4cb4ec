/**
 * A chart as a picture that stands by itself: an SVG without the page's style sheet, with a title and a key; and the same as PNG. Its
 * colours are those of the scheme that is shown. Invariant (picture.test.ts): nothing in it needs the page.
 */
import { markerPath, type RunStyle } from '../app/runStyle.ts';

export interface PictureText {
  readonly title: string;
  readonly subtitle: string;
  /** The lines by name; none for a single one. */
  readonly key: readonly { readonly name: string; readonly style: RunStyle }[];
}

/** Device pixels to a CSS pixel in a PNG: sharp on a projector. */
const pngScale = 2;
const font = "Inter, system-ui, -apple-system, 'Segoe UI', sans-serif";
const head = 26;
const keyLine = 18;
const pad = 12;

type Resolve = (text: string) => string;

/** What `var(--name)` stands for at an element, by its computed style. */
export function resolver(element: Element): Resolve {
  const style = getComputedStyle(element);
  const resolve = (text: string): string =>
    text.replace(
      /var\((--[\w-]+)\)/g,
      (_, name: string) => style.getPropertyValue(name).trim() || 'currentColor',
    );
  return resolve;
}

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

/**
 * The chart's drawing as a file.
 * @param drawing the svg element on the page, or one made for the purpose, of `width` x `height` CSS pixels
 */
export function standalone(
  drawing: string,
  { width, height }: { readonly width: number; readonly height: number },
  { title, subtitle, key }: PictureText,
  resolve: Resolve,
): string {
  const keyHeight = key.length * keyLine;
  const [wide, high] = [width + 2 * pad, height + head + keyHeight + 2 * pad];
  const entries = key.map(({ name, style }, index) => {
    const y = head + pad + index * keyLine;
    const dash = style.dash === undefined ? '' : ` stroke-dasharray="${style.dash}"`;
    return `<g><line x1="${pad}" x2="${pad + 28}" y1="${y}" y2="${y}" stroke="${style.colour}" stroke-width="2"${dash}/><path d="${markerPath(style.marker, pad + 14, y, 4)}" fill="${style.colour}"/><text x="${pad + 36}" y="${y}" dy="0.35em" font-size="12" fill="var(--lab-ink)">${escaped(name)}</text></g>`;
  });
  return resolve(
    [
      `<svg xmlns="http://www.w3.org/2000/svg" width="${wide}" height="${high}" viewBox="0 0 ${wide} ${high}" font-family="${escaped(font)}">`,
      `<rect width="${wide}" height="${high}" fill="var(--lab-surface)"/>`,
      `<text x="${pad}" y="${pad + 9}" font-size="14" font-weight="600" fill="var(--lab-ink)">${escaped(title)} <tspan font-size="12" font-weight="400" fill="var(--lab-ink-3)">${escaped(subtitle)}</tspan></text>`,
      ...entries,
      `<g transform="translate(${pad} ${head + keyHeight + pad})">${drawing}</g>`,
      '</svg>',
    ].join(''),
  );
}

/** The markup of an svg element, without what only a page needs. */
export function markupOf(svg: SVGSVGElement): string {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  for (const element of [copy, ...copy.querySelectorAll('*')])
    for (const name of ['class', 'style', 'role', 'tabindex']) element.removeAttribute(name);
  const { width, height } = svg.getBoundingClientRect();
  copy.setAttribute('width', String(width));
  copy.setAttribute('height', String(height));
  return new XMLSerializer().serializeToString(copy);
}

export const svgFile = (name: string, svg: string) => ({
  name: `${name}.svg`,
  blob: new Blob([svg], { type: 'image/svg+xml' }),
});

/** The picture as PNG. Rejects where the browser cannot draw it. */
export async function pngFile(name: string, svg: string): Promise<{ name: string; blob: Blob }> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = image.width * pngScale;
  canvas.height = image.height * pngScale;
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('This browser gives no canvas to draw the picture on.');
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
  if (blob === null) throw new Error('The browser could not write the picture.');
  return { name: `${name}.png`, blob };
}
