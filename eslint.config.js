/**
 * Lint rules that carry the design: strict types, React's rules, one direction of imports, and no hidden randomness.
 *
 * `layers` is the whole dependency diagram: a folder may import only itself and the folders listed beside it. Rules that need types are
 * oxlint's (.oxlintrc.json), whose checker takes a tenth of the time.
 */
import js from '@eslint/js';
import reactHooks from 'eslint-plugin-react-hooks';
import globals from 'globals';
import tseslint from 'typescript-eslint';

const layers = {
  random: [],
  // Bounds of what comes from elsewhere; every parser asks them.
  foreign: [],
  policy: ['random', 'foreign'],
  tasks: ['random', 'sandbox'],
  curation: ['random', 'tasks', 'sandbox'],
  metrics: ['tasks', 'sandbox'],
  sandbox: [],
  engine: ['random', 'policy'],
  train: ['random', 'foreign', 'policy', 'tasks', 'curation', 'metrics', 'sandbox', 'engine'],
  bench: ['random', 'policy', 'engine'],
  worker: ['random', 'policy', 'tasks', 'curation', 'metrics', 'sandbox', 'engine', 'train', 'bench'],
  recipes: ['foreign', 'policy', 'tasks', 'train'],
  record: ['random', 'foreign', 'tasks', 'curation', 'metrics', 'sandbox', 'engine', 'train', 'recipes'],
  study: ['foreign', 'tasks', 'metrics', 'recipes', 'record'],
  // Files for other tools, and models from them.
  export: [
    'random',
    'foreign',
    'policy',
    'tasks',
    'metrics',
    'sandbox',
    'engine',
    'train',
    'recipes',
    'record',
  ],
  lab: [
    ...['random', 'foreign', 'policy', 'tasks', 'curation', 'metrics', 'sandbox', 'train', 'worker'],
    ...['recipes', 'record', 'study', 'export'],
  ],
  // What other projects import.
  package: [...['policy', 'metrics', 'sandbox', 'engine', 'train', 'recipes', 'export']],
  ui: ['tasks', 'curation', 'metrics', 'recipes', 'record', 'study', 'lab'],
  // The same without a page: neither the page's store nor its worker.
  cli: [
    ...['random', 'foreign', 'policy', 'tasks', 'curation', 'metrics', 'sandbox', 'engine', 'train', 'bench'],
    ...['recipes', 'record', 'study', 'export'],
  ],
  // Attacks on the parsers of all the others (npm run fuzz).
  fuzz: [
    ...['random', 'foreign', 'policy', 'tasks', 'curation', 'metrics', 'sandbox', 'train', 'recipes'],
    ...['record', 'study', 'lab', 'export'],
  ],
};

const pure = ['random', 'foreign', 'policy', 'tasks', 'curation', 'metrics', 'train', 'engine'];
const folders = Object.keys(layers);

const direction = folders.map((folder) => {
  const allowed = new Set([folder, ...(layers[folder] ?? [])]);
  const forbidden = folders.filter((other) => !allowed.has(other));
  return {
    files: [`src/${folder}/**/*.{ts,tsx}`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            ...forbidden.map((other) => ({
              group: [`**/${other}/**`],
              message: `src/${folder} may import only ${[...allowed].join(', ')} (see eslint.config.js).`,
            })),
            ...(folder === 'ui'
              ? []
              : [
                  {
                    group: ['react', 'react-dom', 'react/*', '@mantine/*', 'recharts'],
                    message: 'Only src/ui knows React.',
                  },
                ]),
          ],
        },
      ],
    },
  };
});

export default tseslint.config(
  // AssemblyScript is not TypeScript: its own compiler checks it.
  {
    ignores: [
      'dist',
      'dist-library',
      'node_modules',
      'test-results',
      'playwright-report',
      'src/engine/simd/assembly',
    ],
  },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  {
    languageOptions: {
      globals: { ...globals.browser },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      eqeqeq: 'error',
      // Leaving a name out of an object is how the others are kept.
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      'no-console': 'error',
    },
  },
  { files: ['src/ui/**/*.{ts,tsx}'], ...reactHooks.configs.flat['recommended-latest'] },
  {
    files: pure.map((folder) => `src/${folder}/**/*.ts`),
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'Fork the seeded generator (src/random) instead.' },
        {
          object: 'Date',
          property: 'now',
          message: 'Nothing that trains reads the clock; take a `now` function.',
        },
      ],
      'no-restricted-globals': ['error', 'document', 'window', 'localStorage'],
    },
  },
  ...direction,
  // A command prints.
  {
    files: ['src/cli/**/*.ts', 'src/fuzz/**/*.ts'],
    languageOptions: { globals: globals.node },
    rules: { 'no-console': 'off' },
  },
  {
    files: ['.ci/*.mjs', 'src/package/*.mjs'],
    languageOptions: { globals: globals.node },
    rules: { 'no-console': 'off' },
  },
);
