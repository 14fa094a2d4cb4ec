/**
 * Firefox looks for finished GPU work on a timer of 100 ms (`POLL_TIME_MS` in its WebGPUParent.cpp, bug 1870699) and whenever something is
 * submitted. So while a result is awaited there, submits of nothing make it look sooner: about every millisecond at first, every
 * four once the browser slows the timers down. Other browsers wake the waiting page by themselves and are left alone.
 */

/** Milliseconds between two nudges; more often would flood the channel to the GPU process. */
const INTERVAL = 1;
/** After about a second the browser's own 100 ms no longer matter; and a lost device would be nudged for ever. */
const MOST = 256;

/** Make the browser look at `device` again and again, until the function returned is called. */
export function nudge(device: GPUDevice): () => void {
  let left = MOST;
  let timer = setTimeout(again, INTERVAL);
  function again(): void {
    device.queue.submit([device.createCommandEncoder().finish()]);
    if (--left > 0) timer = setTimeout(again, INTERVAL);
  }
  return () => {
    clearTimeout(timer);
  };
}
