/**
 * What went wrong and what to do about it, in sentences.
 *
 * Invariant: every way in which a run can fail has advice a person can follow; a missing WebGPU is none of them, because
 * the fallback runs and the engine's own description says why.
 */
import type { FailureView } from './state.ts';

const advice: Record<FailureView['source'], string> = {
  engine:
    'Choose another backend in the settings (WebAssembly works in every browser), or close other tabs that use the GPU, and press Reset.',
  'device-lost':
    'The browser took the GPU away, often after sleep, a driver update or too much work at once. Press Reset and train again; if it comes back, choose a smaller policy or the WebAssembly backend.',
  sandbox:
    'Python (Pyodide) could not be started. Check the connection to this site and reload the page; a content blocker or a full disk can also keep it from loading.',
  settings: 'Change the settings that are named and train again.',
  numerics:
    'The numbers left the range of floating point. Lower the learning rate (of the cold start or of GRPO, wherever it happened) or the gradient clip, and train again.',
  trainer: 'This is a fault of the lab. Press Reset to start afresh; if it comes back, reload the page.',
  file: 'Choose a file that this lab has exported.',
  browser: 'Use a current version of Chrome, Edge, Firefox or Safari.',
};

export function failureView(source: FailureView['source'], message: string): FailureView {
  return { source, message: sentence(message), advice: advice[source] };
}

/** Messages come from libraries too: first letter large, a full stop at the end, never empty. */
function sentence(message: string): string {
  const trimmed = message.trim();
  if (trimmed === '') return 'Something failed without saying why.';
  const start = trimmed.charAt(0).toUpperCase() + trimmed.slice(1);
  return /[.!?…]$/.test(start) ? start : `${start}.`;
}
