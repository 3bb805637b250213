/** Makes what the guest boots, where it can be made and is not there yet. */
import { withoutGuest } from './guest.ts';
import { rootImage } from './root-image.ts';

if (!withoutGuest()) await rootImage();
