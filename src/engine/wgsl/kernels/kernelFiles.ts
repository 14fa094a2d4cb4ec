/** Every `.wgsl` file of the engine by name: one operation each, its backward beside it. */
const sources = import.meta.glob<string>('./*.wgsl', {
  query: '?raw',
  import: 'default',
  eager: true,
});

/** File name (without its folder) to source text. */
export const kernelFiles: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(sources).map(([path, text]) => [path.slice(path.lastIndexOf('/') + 1), text]),
);
