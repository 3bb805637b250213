export * from './api-server.ts';
export * from './listen/listen-options.ts';
export * from './server-dependencies.ts';
