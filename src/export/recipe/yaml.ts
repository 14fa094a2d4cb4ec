/**
 * Plain YAML of plain data, as hydra reads it: nested keys, lists and scalars on a line. Texts are JSON strings, which YAML takes.
 */
export type Yaml = string | number | boolean | null | readonly Yaml[] | { readonly [key: string]: Yaml };

export function yaml(value: { readonly [key: string]: Yaml }, indent = ''): string {
  return Object.entries(value)
    .map(([key, inner]) =>
      isMap(inner)
        ? `${indent}${key}:\n${yaml(inner, `${indent}  `)}`
        : `${indent}${key}: ${scalar(inner)}\n`,
    )
    .join('');
}

function isMap(value: Yaml): value is { readonly [key: string]: Yaml } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Numbers with a dot, because YAML 1.1 reads 1e-4 as text. */
function scalar(value: Yaml): string {
  if (typeof value !== 'number') return JSON.stringify(value);
  const text = String(value);
  return /e/.test(text) && !text.includes('.') ? text.replace('e', '.0e') : text;
}
