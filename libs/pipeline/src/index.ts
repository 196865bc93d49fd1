/** Pure control flow over ports: fold a batch, publish, checkpoint, recover, answer. */
export * from './ports/archive.ts';
export * from './ports/checkpoint.ts';
export * from './ports/log.ts';
export * from './ports/sink.ts';
export * from './ports/version.ts';
