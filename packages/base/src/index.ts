export * from './async.ts';
export * from './emitter.ts';
export * from './errors.ts';
export * from './exec.ts';
export * from './files.ts';
export * from './ids.ts';
export * from './log.ts';
export * from './units.ts';
