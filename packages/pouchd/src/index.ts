export { helpText } from './config/help.ts';
export { type Setting, SETTINGS } from './config/settings.ts';
export { Daemon } from './daemon.ts';
