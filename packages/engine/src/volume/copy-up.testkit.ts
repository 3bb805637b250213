/** A process for tests to kill: copies the second argument's tree up into the volume at the first. */
import { copyUp } from './copy-up.ts';

const [, , volume = '', image = ''] = process.argv;
console.log('ready');
await copyUp(volume, image);
