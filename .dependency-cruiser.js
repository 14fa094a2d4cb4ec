/**
 * What may import what, checked file by file: no cycle of any kind (type-only imports count, which lint rules
 * leave out), test support only in tests, and nothing that package.json does not declare. Which folder of src may import
 * which is `layers` in oxlint.config.js. Run by `npm run lint`.
 */
const test = '\\.(test|bench)\\.tsx?$';

/** The rooms of the engines of our own, from the ground up: a room may import those before it. */
const rooms = {
  wgsl: ['memory', 'device', 'kernels', 'model', 'training', 'rollout'],
  simd: ['model', 'threads', 'training', 'rollout'],
};

export default {
  forbidden: [
    {
      name: 'no-cycle',
      comment: 'Move what both files need, a type as well, to a file of its own below them.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    ...Object.entries(rooms).flatMap(([engine, own]) =>
      own.slice(0, -1).map((room, floor) => ({
        name: `${engine}-${room}-below`,
        comment: `engine/${engine}: ${own.join(', ')}, each above those before it.`,
        severity: 'error',
        from: { path: `^src/engine/${engine}/${room}/`, pathNot: test },
        to: { path: `^src/engine/${engine}/(${own.slice(floor + 1).join('|')})/` },
      })),
    ),
    {
      name: 'testing-in-tests-only',
      comment:
        'What lies in a testing/ folder is for tests. If the program needs it, it lies in the wrong place.',
      severity: 'error',
      from: { pathNot: [test, '/testing/', '/conformance/', '^e2e/', '^vite.config'] },
      to: { path: '/testing/' },
    },
    {
      name: 'declared-packages-only',
      comment: 'Name the package in package.json: it is here only because another one needs it.',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'program-without-dev-packages',
      comment: 'A package that the page or a command runs on belongs in `dependencies`.',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: [
          test,
          '/testing/',
          '/conformance/',
          '^src/engine/simd/build/',
          '^src/sandbox/build/',
          '^src/bench/peers/',
        ],
      },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'resolvable',
      comment: 'What cannot be followed cannot be checked: the rules above would not see this import.',
      severity: 'error',
      // The package's example imports the package as its users do.
      from: { pathNot: '^src/package/example' },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    // Neither what others wrote, nor the built package (npm run build:library), which the example imports.
    doNotFollow: { path: ['node_modules', '^dist-library'] },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['types', 'import', 'default'] },
  },
};
