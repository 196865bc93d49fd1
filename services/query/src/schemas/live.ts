/** The data of the events of the live stream, by the name of the event. */
import { z } from 'zod';
import { answerBodies } from '../kinds.ts';
import { problemCode } from './catalogue.ts';

const figureShape = {
  path: z.string().meta({ description: 'The figure, as it was asked for.', examples: ['/v1/kpis/bookings'] }),
  metric: z.string(),
};
const etag = z.string().meta({ description: 'Of the answer, without quotes: what the path itself answers with.' });

const patch = z
  .array(
    z
      .union([
        z.strictObject({ op: z.enum(['add', 'replace']), path: z.string(), value: z.unknown() }).meta({ id: 'PatchValue' }),
        z.strictObject({ op: z.literal('remove'), path: z.string() }).meta({ id: 'PatchRemoval' }),
      ])
      .meta({ id: 'PatchOperation' }),
  )
  .meta({ description: 'RFC 6902, to be applied in order to the body that has the tag `from`.' });

export const LIVE_EVENTS = {
  snapshot: z.strictObject({ ...figureShape, etag, body: z.union(answerBodies()) }).meta({ id: 'LiveSnapshot' }),
  delta: z.strictObject({ ...figureShape, from: etag, etag, patch }).meta({ id: 'LiveDelta' }),
  problem: z
    .strictObject({ ...figureShape, code: problemCode, detail: z.string() })
    .meta({ id: 'LiveProblem', description: 'The figure cannot be answered now; a snapshot follows when it can.' }),
} as const;
export type LiveEventName = keyof typeof LIVE_EVENTS;
