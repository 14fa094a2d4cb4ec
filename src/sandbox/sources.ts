/**
 * The Python side of the sandbox, as text that is handed to a worker with Python's own files.
 *
 * Only tests hand in others: testing/openDoors.ts takes the manners away, to see what the walls hold by themselves.
 */
import driver from './driver.py?raw';
import guard from './guard.py?raw';

export interface PythonSources {
  readonly driver: string;
  readonly guard: string;
  /** Whether the worker takes from its globals what leads outside it (harden.ts). */
  readonly hardens: boolean;
}

export const pythonSources: PythonSources = { driver, guard, hardens: true };
