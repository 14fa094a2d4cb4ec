/**
 * Lint rules that carry the design: strict types, React's rules, one direction of imports, and no hidden randomness. One pass of oxlint over
 * everything; it checks the types as well (`typeCheck`, TypeScript's own checker).
 *
 * `layers` is the whole dependency diagram: a folder may import only itself and the folders listed beside it.
 */
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
              message: `src/${folder} may import only ${[...allowed].join(', ')} (see oxlint.config.js).`,
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

/** Code that is wrong, or means something else than it says. */
const wrong = [
  'for-direction',
  'no-async-promise-executor',
  'no-case-declarations',
  'no-compare-neg-zero',
  'no-cond-assign',
  'no-constant-binary-expression',
  'no-constant-condition',
  'no-control-regex',
  'no-debugger',
  'no-delete-var',
  'no-dupe-else-if',
  'no-duplicate-case',
  'no-empty',
  'no-empty-character-class',
  'no-empty-pattern',
  'no-empty-static-block',
  'no-ex-assign',
  'no-extra-boolean-cast',
  'no-fallthrough',
  'no-global-assign',
  'no-invalid-regexp',
  'no-irregular-whitespace',
  'no-loss-of-precision',
  'no-misleading-character-class',
  'no-nonoctal-decimal-escape',
  'no-prototype-builtins',
  'no-regex-spaces',
  'no-self-assign',
  'no-shadow-restricted-names',
  'no-sparse-arrays',
  'no-unassigned-vars',
  'no-unexpected-multiline',
  'no-unsafe-finally',
  'no-unsafe-optional-chaining',
  'no-unused-labels',
  'no-unused-private-class-members',
  'no-useless-assignment',
  'no-useless-backreference',
  'no-useless-catch',
  'no-useless-escape',
  'preserve-caught-error',
  'require-yield',
  'use-isnan',
  'valid-typeof',
  'no-var',
  'prefer-const',
  'prefer-rest-params',
  'prefer-spread',
];

/** What a type may not be. */
const types = [
  'typescript/ban-ts-comment',
  'typescript/no-array-constructor',
  'typescript/no-duplicate-enum-values',
  'typescript/no-empty-object-type',
  'typescript/no-explicit-any',
  'typescript/no-extra-non-null-assertion',
  'typescript/no-misused-new',
  'typescript/no-namespace',
  'typescript/no-non-null-asserted-optional-chain',
  'typescript/no-require-imports',
  'typescript/no-this-alias',
  'typescript/no-unnecessary-type-constraint',
  'typescript/no-unsafe-declaration-merging',
  'typescript/no-unsafe-function-type',
  'typescript/no-wrapper-object-types',
  'typescript/prefer-as-const',
  'typescript/prefer-namespace-keyword',
  'typescript/triple-slash-reference',
  'typescript/consistent-type-imports',
];

/** What only the checker can see. */
const typed = [
  'typescript/await-thenable',
  'typescript/no-array-delete',
  'typescript/no-base-to-string',
  'typescript/no-duplicate-type-constituents',
  'typescript/no-floating-promises',
  'typescript/no-for-in-array',
  'typescript/no-implied-eval',
  'typescript/no-misused-promises',
  'typescript/no-redundant-type-constituents',
  'typescript/no-unnecessary-type-assertion',
  'typescript/no-unsafe-argument',
  'typescript/no-unsafe-assignment',
  'typescript/no-unsafe-call',
  'typescript/no-unsafe-enum-comparison',
  'typescript/no-unsafe-member-access',
  'typescript/no-unsafe-return',
  'typescript/no-unsafe-unary-minus',
  'typescript/only-throw-error',
  'typescript/prefer-promise-reject-errors',
  'typescript/restrict-plus-operands',
  'typescript/unbound-method',
];

/** React’s rules, those of its compiler among them. */
const hooks = [
  'react/rules-of-hooks',
  'react/exhaustive-deps',
  'react/static-components',
  'react/use-memo',
  'react/void-use-memo',
  'react/preserve-manual-memoization',
  'react/incompatible-library',
  'react/immutability',
  'react/globals',
  'react/refs',
  'react/set-state-in-effect',
  'react/error-boundaries',
  'react/purity',
  'react/set-state-in-render',
  'react/unsupported-syntax',
];

const errors = (names) => Object.fromEntries(names.map((name) => [name, 'error']));

export default {
  plugins: ['typescript', 'react'],
  categories: { correctness: 'off' },
  options: { typeAware: true, typeCheck: true },
  env: { browser: true, builtin: true },
  // Beside what git ignores. AssemblyScript is not TypeScript: its own compiler checks it.
  ignorePatterns: ['src/engine/simd/assembly'],
  rules: {
    ...errors(wrong),
    ...errors(types),
    eqeqeq: 'error',
    // Leaving a name out of an object is how the others are kept.
    'no-unused-vars': ['error', { ignoreRestSiblings: true }],
    'no-unused-expressions': 'error',
    'no-console': 'error',
  },
  overrides: [
    {
      files: ['**/*.{ts,tsx}'],
      rules: {
        ...errors(typed),
        'typescript/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
        'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      },
    },
    { files: ['src/ui/**/*.{ts,tsx}'], rules: errors(hooks) },
    {
      files: pure.map((folder) => `src/${folder}/**/*.ts`),
      excludeFiles: ['**/*.test.ts'],
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
      files: ['src/cli/**/*.ts', 'src/fuzz/**/*.ts', '.ci/*.mjs', 'src/package/*.mjs'],
      rules: { 'no-console': 'off' },
    },
    // Without types nothing else says that a name is not there.
    { files: ['**/*.{js,mjs}'], env: { node: true, builtin: true }, rules: { 'no-undef': 'error' } },
  ],
};
