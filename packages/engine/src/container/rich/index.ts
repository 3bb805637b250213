export { exitCodeOf } from './exit-status.ts';
export { fillRich, fitHostConfig, type RichDefaults, runsServices, stopSignalOf } from './rich-mode.ts';
export { RichSetup } from './rich-setup.ts';
