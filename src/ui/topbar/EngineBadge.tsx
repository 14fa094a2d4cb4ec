/**
 * Which engine runs on which device: a badge, with the reason and the details in a popover.
 *
 * Invariant (notices.test.tsx): it speaks of this machine. While a recorded run or one from a file is shown, it tells what a run would get
 * here; where that run was made stands beside its name (`runs/ShownLine.tsx`).
 */
import { Popover, UnstyledButton } from '@mantine/core';
import { Cpu } from 'lucide-react';
import { shownRun, type LabState, type RunState } from '../../lab/state.ts';
import { formatCount, formatNumber } from '../app/format.ts';
import { useLab, useRun } from '../app/lab.tsx';
import { EngineMemory } from './EngineMemory.tsx';
import type { EngineView } from '../../record/recordedRun.ts';
import { speedClass, type SpeedClass } from './engineSpeed.ts';
import styles from './engineBadge.module.css';

/** The run shown if it was made here, else the one that the form describes. */
const ownRun = (state: LabState): RunState => {
  const shown = shownRun(state);
  return shown.source.kind === 'live' ? shown : state.planned;
};
const selectEngine = (state: LabState) => ownRun(state).engine;
const selectSandbox = (state: LabState) => ownRun(state).sandbox;
const selectParameters = (state: LabState) => ownRun(state).parameters;
const selectSpeed = (state: LabState) => ownRun(state).tokensPerSecond;
const selectFailed = (run: RunState) => run.failure !== null;

const backendNames: Readonly<Record<string, string>> = {
  webgpu: 'WebGPU',
  webgl: 'WebGL',
  wasm: 'WebAssembly',
  cpu: 'JavaScript',
};

const speedWords: Readonly<Record<SpeedClass, string>> = {
  gpu: 'graphics card',
  processor: 'processor',
  imitated: 'graphics imitated on the processor: slow',
  portable: 'processor, TensorFlow.js: slow',
};

const threadCount = (threads: number) => (threads === 1 ? '1 thread' : `${threads} threads`);

/** What the badge has room for: the engine's kind, and the device in a word or two. The popover has the rest. */
function words(engine: EngineView): readonly [kind: string, device: string] {
  const { adapter, threads } = engine;
  if (threads !== undefined) return [engine.engine, threadCount(threads)];
  const backend = backendNames[engine.backend] ?? engine.backend;
  // Some adapters' names begin with the backend’s name, and most end with a model or a driver in brackets.
  const plain = adapter.startsWith(backend) ? adapter.slice(backend.length).replace(/^[\s,:]+/, '') : adapter;
  return [backend, plain.replace(/\s*\(.*$/, '')];
}

export function EngineBadge() {
  const engine = useLab(selectEngine);
  const sandbox = useLab(selectSandbox);
  const parameters = useLab(selectParameters);
  const speed = useLab(selectSpeed);
  const failed = useRun(selectFailed);
  if (engine === null) {
    return (
      <span className={styles.badge} data-testid="engine-badge">
        <Cpu size={14} aria-hidden /> {failed ? 'No engine' : 'Looking for a GPU …'}
      </span>
    );
  }
  const kind = speedClass(engine);
  const [name, device] = words(engine);
  return (
    <Popover width={320} position="bottom-end" withArrow shadow="md">
      <Popover.Target>
        <UnstyledButton
          className={styles.badge}
          data-kind={kind}
          data-testid="engine-badge"
          data-backend={engine.backend}
          data-engine={engine.engine}
        >
          <span className={styles.light} aria-hidden="true" />
          <span className={styles.backend}>{name}</span>
          <span className={styles.adapter}>{device}</span>
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown>
        <dl className={styles.facts} data-testid="engine-facts">
          <dt>Runs on</dt>
          <dd>
            {backendNames[engine.backend] ?? engine.backend} ({speedWords[kind]})
          </dd>
          <dt>Device</dt>
          <dd>{engine.adapter}</dd>
          <dt>Engine</dt>
          <dd>{engine.build === undefined ? engine.engine : `${engine.engine}, ${engine.build} build`}</dd>
          {engine.threads === undefined ? null : (
            <>
              <dt>Threads</dt>
              <dd>{engine.threads}</dd>
            </>
          )}
          <dt>Why</dt>
          <dd>{engine.reason}</dd>
          <dt>Policy</dt>
          <dd>{parameters === null ? 'not built yet' : `${formatCount(parameters)} parameters`}</dd>
          {engine.memory === undefined ? null : <EngineMemory parts={engine.memory} />}
          <dt>Python</dt>
          <dd>{sandbox ?? 'loaded when a run starts'}</dd>
          <dt>Speed</dt>
          <dd>{speed > 0 ? `${formatNumber(Math.round(speed))} tokens/s` : 'nothing is running'}</dd>
        </dl>
      </Popover.Dropdown>
    </Popover>
  );
}
