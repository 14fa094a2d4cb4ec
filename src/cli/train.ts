/**
 * `npm run train`: one run without a page.
 */
import { realDisk } from './disk.ts';
import { trainCommand } from './trainCommand.ts';

await trainCommand(process.argv.slice(2), realDisk);
