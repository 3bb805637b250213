export { type LoadOptions, loadProject } from './load/load-project.ts';
