/**
 * Disks that fail at a byte: the process dies in the middle of a write, or there is no room for more.
 */
import { realDisk, type Disk } from '../disk.ts';

export type DiskFault = 'kill' | 'full' | 'none';

/** @param bytes that are still written. @param die what happens then, where the process is to end */
export function faultyDisk(fault: DiskFault, bytes: number, die: () => void): Disk {
  let room = fault === 'none' ? Infinity : bytes;
  return {
    write(file, contents) {
      const fits = contents.subarray(0, Math.max(0, room));
      room -= contents.length;
      realDisk.write(file, fits);
      if (room >= 0) return;
      if (fault === 'kill') die();
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    },
  };
}
