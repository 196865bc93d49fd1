/** The public entry of the client: `@tidemark/query/client`. */

export { applyPatch } from './apply-patch.ts';
export type * from './audit.ts';
export type * from './bodies.ts';
export {
  type Answered,
  ApiProblem,
  type Asked,
  type Client,
  type ClientOptions,
  createClient,
  type LiveFigure,
  type Path,
  type Watched,
} from './client.ts';
export type * from './cohorts.ts';
export type * from './envelope.ts';
export { readEventStream, type StreamEvent } from './event-stream.ts';
export type * from './figures.ts';
export type { Operations } from './operations.ts';
