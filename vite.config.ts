/// <reference types="vitest/config" />
/**
 * Build, dev server and unit tests of ASTER Lab.
 *
 * Everything a visitor's page needs is served from its own origin: Pyodide's and tfjs-wasm's files are copied out of
 * node_modules, never fetched from a CDN. The isolation headers give the engine its threads, and the content policy keeps
 * foreign code out; the lab also runs on a host that cannot send them (src/lab/isolation.ts, `policyInPage`). The SIMD engine's kernels are compiled from AssemblyScript on the way. In mode
 * `cli` the same sources become the headless commands (src/cli), in mode `library` a package for other projects (src/package).
 */
import { readFileSync } from 'node:fs';
import react from '@vitejs/plugin-react';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig, type Plugin, type UserConfig } from 'vite';
import { viteStaticCopy } from 'vite-plugin-static-copy';
import { chromium, webgpu } from './e2e/chromium.ts';
import manifest from './package.json' with { type: 'json' };
import { simdKernels } from './src/engine/simd/build/kernelsPlugin.ts';
import { pythonMemory } from './src/sandbox/build/memoryPlugin.ts';
import { scripts } from './src/sandbox/build/scriptsPlugin.ts';
import { closeCanary, openCanary } from './src/sandbox/testing/canary.ts';

/** What static hosts are told to send, sent by the preview server too. */
const headers = Object.fromEntries(
  [...readFileSync('public/_headers', 'utf8').matchAll(/^ {2}(\S+): (.+)$/gm)].map(([, name, value]) => [
    name,
    value,
  ]),
) as Record<string, string>;

const { 'Content-Security-Policy': policy = '', ...isolation } = headers;

/** The dev server puts scripts into the page, and speaks to it over a socket; the tests' page does more. */
const devHeaders =
  process.env['VITEST'] === undefined
    ? {
        ...isolation,
        'Content-Security-Policy': policy
          .replace(/'sha256-[^']+'/, "'unsafe-inline'")
          .replace("connect-src 'self'", "connect-src 'self' ws:"),
      }
    : isolation;

/** The page's content policy in the page itself, for hosts that send none. A policy for frames around it can only be sent. */
const policyInPage: Plugin = {
  name: 'policy-in-page',
  apply: 'build',
  transformIndexHtml: () => [
    {
      tag: 'meta',
      attrs: {
        'http-equiv': 'Content-Security-Policy',
        content: policy.replace(/; frame-ancestors [^;]*/, ''),
      },
      injectTo: 'head-prepend',
    },
  ],
};

/** Zod would try whether it may turn text into code, which the policy forbids and the browser reports. */
const zodWithoutEval = (): Plugin => ({
  name: 'zod-without-eval',
  transform(code, id) {
    if (!/zod\/v4\/core\/core\.js$/.test(id)) return undefined;
    const given = code.replace('__zod_globalConfig = {}', '__zod_globalConfig = { jitless: true }');
    if (given === code) throw new Error('Zod keeps its configuration elsewhere now.');
    return { code: given, map: null };
  },
});

const tfjsPackages = ['tfjs', 'tfjs-backend-wasm', 'tfjs-backend-webgpu'].map(
  (name) => `@tensorflow/${name}`,
);

/** Unit tests in threads, which start sooner than processes. A global that a test stubs is back before the next. */
const inNode = (name: string, isolate: boolean, files: { include: string[]; exclude?: string[] }) => ({
  extends: true as const,
  test: { name, environment: 'node', pool: 'threads' as const, isolate, unstubGlobals: true, ...files },
});

/** Unit tests in Chromium, one file after the other: they share its graphics process. */
const inBrowser = (name: string, include: string, isolate: boolean) => ({
  extends: true as const,
  // Imported lazily, or by the page alone; were they found only then, the server would bundle them and reload the tests' page.
  optimizeDeps: { include: [...tfjsPackages, 'react-dom/client'] },
  test: {
    name,
    include: [include],
    testTimeout: 180_000,
    fileParallelism: false,
    browser: {
      enabled: true,
      headless: false, // so that Playwright does not pick its headless shell; e2e/chromium.ts says the rest
      screenshotFailures: false,
      ui: false,
      isolate,
      commands: { openCanary, closeCanary },
      provider: playwright({ launchOptions: chromium(webgpu) }),
      instances: [{ browser: 'chromium' as const }],
    },
  },
});

const page: UserConfig = {
  base: './',
  plugins: [
    react(),
    simdKernels(),
    scripts(),
    pythonMemory(),
    zodWithoutEval(),
    policyInPage,
    viteStaticCopy({
      targets: [
        {
          src: 'node_modules/pyodide/{pyodide.mjs,pyodide.asm.mjs,pyodide.asm.wasm,python_stdlib.zip,pyodide-lock.json}',
          dest: 'pyodide',
        },
        { src: 'node_modules/@tensorflow/tfjs-backend-wasm/dist/*.wasm', dest: 'tfjs-wasm' },
      ],
    }),
  ],
  worker: {
    format: 'es',
    plugins: () => [simdKernels(), scripts(), zodWithoutEval()],
    rollupOptions: { checks: { pluginTimings: false } },
  },
  optimizeDeps: { exclude: ['pyodide'] },
  server: { headers: devHeaders },
  preview: { headers },
  build: {
    target: 'es2023',
    chunkSizeWarningLimit: 2500,
    // Python's memory and scripts take seconds of a build; it need not say so each time.
    rollupOptions: { checks: { pluginTimings: false } },
  },
  test: {
    testTimeout: 60_000,
    projects: [
      // Files share the modules that they import, as a page does: two thirds of the time that it takes to load them for each.
      inNode('node', false, {
        include: ['src/**/*.test.{ts,tsx}'],
        exclude: ['src/**/*.{browser,peer,isolated}.test.{ts,tsx}'],
      }),
      // Where a module is replaced (vi.mock), for its own file alone.
      inNode('isolated', true, { include: ['src/**/*.isolated.test.{ts,tsx}'] }),
      // One page for all files: what one has compiled for WebGPU, the next has (src/engine/wgsl/testing/sharedKernels.ts).
      inBrowser('browser', 'src/**/*.browser.test.ts', false),
      // TensorFlow.js's own backends on a software adapter: minutes for code that is not ours, so not a part of `npm test`.
      inBrowser('peers', 'src/**/*.peer.test.ts', true),
    ],
  },
};

/** A bundle for Node. Chunks lie beside the entries. */
function nodeBuild(outDir: string, input: Record<string, string>): UserConfig['build'] {
  return {
    ssr: true,
    target: 'node20',
    outDir,
    emptyOutDir: true,
    copyPublicDir: false,
    rollupOptions: {
      input,
      output: { entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
    },
  };
}

/** Node bundles of src/cli: self-contained but for Pyodide and Dawn, which are files that cannot be bundled. */
const cli: UserConfig = {
  plugins: [simdKernels(), scripts()],
  ssr: { noExternal: true, external: ['pyodide', 'webgpu'], resolve: { mainFields: ['module', 'main'] } },
  build: nodeBuild('node_modules/.aster-cli', {
    train: 'src/cli/train.ts',
    pretrain: 'src/cli/pretrain.ts',
    study: 'src/cli/study.ts',
    witnessData: 'src/cli/witnessData.ts',
    bench: 'src/cli/bench.ts',
    export: 'src/cli/export.ts',
    data: 'src/cli/data.ts',
    recipe: 'src/cli/recipe.ts',
    testPython: 'src/cli/testPython.ts',
    faults: 'src/cli/testing/faults.ts',
    faultRun: 'src/cli/testing/faultRun.ts',
    soak: 'src/cli/testing/soak.ts',
  }),
};

/** What another project installs (src/package): one package with only the dependencies that it needs. */
const libraryPackages = ['pyodide', 'zod'] as const;
const library: UserConfig = {
  plugins: [
    simdKernels(),
    scripts(),
    {
      name: 'package-of-the-library',
      generateBundle() {
        const { name, version, license, engines, dependencies, devDependencies } = manifest;
        const needed = libraryPackages.map((name) => [name, dependencies[name]] as const);
        const description = {
          ...{ name, version, license, type: 'module', engines },
          exports: { '.': { types: './types/package/index.d.ts', default: './index.js' } },
          // The engine for graphics cards speaks of WebGPU's types.
          dependencies: {
            ...Object.fromEntries(needed),
            '@webgpu/types': devDependencies['@webgpu/types'],
          },
        };
        const file = (fileName: string, source: string) => this.emitFile({ type: 'asset', fileName, source });
        file('package.json', `${JSON.stringify(description, null, 2)}\n`);
        file('example.mjs', readFileSync('src/package/example.mjs', 'utf8'));
        file('LICENSE', readFileSync('LICENSE', 'utf8'));
      },
    },
  ],
  ssr: {
    noExternal: true,
    external: [...libraryPackages, 'webgpu'],
    resolve: { mainFields: ['module', 'main'] },
  },
  build: nodeBuild('dist-library', { index: 'src/package/index.ts' }),
};

export default defineConfig(({ mode }) => (mode === 'cli' ? cli : mode === 'library' ? library : page));
