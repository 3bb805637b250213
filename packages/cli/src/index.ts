export { BASH_COMPLETION, ZSH_COMPLETION } from './app/completion-scripts.ts';
export { main } from './app/main.ts';
export { type CliReference, type CommandReference, cliReference, type FlagReference } from './app/reference.ts';
export { CLIENT_VERSION } from './app/version.ts';
