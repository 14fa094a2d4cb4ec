/** The sandbox without its manners: no guard, nothing taken from JavaScript's globals. What is out of reach then is so by the platform. */
import { pythonSources, type PythonSources } from '../sources.ts';
import guard from './openGuard.py?raw';

export const openDoors: PythonSources = { ...pythonSources, guard, hardens: false };

/** A cell that looks through all of its Python's objects for a variable of another trajectory. It prints how often it found the value. */
export const spy = (value: number) =>
  `import gc\nsum(1 for o in gc.get_objects() if type(o) is dict and ${value} - 1 + 1 in [v for v in list(o.values()) if type(v) is int])`;
