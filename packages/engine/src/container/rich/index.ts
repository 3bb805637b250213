export { exitCodeOf } from './exit-status.ts';
export { fillRich, fitHostConfig, type RichDefaults, type RichMode, runsServices, stopSignalOf } from './rich-mode.ts';
export { RichSetup } from './rich-setup.ts';
