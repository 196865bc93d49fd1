/** What may be asked: the query parameters of every path, checked strictly. */
import { nearestName } from '@tidemark/runtime';
import { z } from 'zod';
import { Problem, type ProblemPart } from '../problems.ts';

const once = 'expected one value, not several: the parameter is given more than once';

const bucketName = (what: string) =>
  z
    .string({ error: once })
    .min(1, 'expected the name of a bucket, got nothing')
    .max(40, 'expected the name of a bucket')
    .meta({ description: what, examples: ['2026-11-01'] });

/** Six hex digits tell a handful of revisions apart. */
const revision = z
  .string({ error: once })
  .regex(/^[0-9a-f]{6,16}$/, 'expected a revision: 16 hex digits, or at least its first 6')
  .optional()
  .meta({
    description: 'A revision that the metric has or had, as answers carry it; of a longer one at least 6 digits. Default: the one that is served.',
    examples: ['3f9c0a'],
  });

const answerShape = {
  from: bucketName('First bucket, included. Default: 29 before `to`.').optional(),
  to: bucketName('Last bucket, included. Default: the bucket of the watermark.').optional(),
  slice: z
    .string({ error: once })
    .min(1, 'expected the name of a dimension, got nothing')
    .max(400, 'no slice has so long a name')
    .optional()
    .meta({ description: 'A slice of the metric: a dimension, or several joined by commas.', examples: ['channel', 'channel,device'] }),
  value: z
    .string({ error: once })
    .max(4_000, 'at most 4000 characters')
    .optional()
    .meta({
      description: 'One value of the slice; may be empty. Of several dimensions a JSON array of their values.',
      examples: ['ads', '["ads","ios"]'],
    }),
  limit: z
    .string({ error: once })
    .regex(/^\d{1,4}$/, 'expected a whole number from 1 to 1000')
    .transform(Number)
    .refine((limit) => limit >= 1 && limit <= 1_000, 'expected a whole number from 1 to 1000')
    .optional()
    .meta({
      description: 'Slice values listed, largest first; the rest is folded into `$rest`. Default 20.',
      type: 'integer',
      minimum: 1,
      maximum: 1_000,
    }),
  revision,
  compare: z.literal('previous', { error: 'expected previous' }).optional().meta({
    description:
      'Adds the same range before as `previous`. Of a range that is not over at the watermark only the buckets that are over are compared: `previous` is as many first buckets of the range before, and `previous.against` the same of the asked range.',
  }),
};

export const answerQuery = z.strictObject(answerShape);
export const funnelQuery = z.strictObject({
  ...answerShape,
  by: z
    .literal('bucket', { error: 'expected bucket, or leave it out for one figure over the range' })
    .optional()
    .meta({ description: 'Steps per bucket instead of over the range.' }),
});
export const noQuery = z.strictObject({});
export const metricQuery = z.strictObject({ revision });

/** The revision that is asked for; undefined too where it is none, which `parseQuery` then says. */
export function revisionIn(query: unknown): string | undefined {
  const parsed = z.object({ revision }).safeParse(query);
  return parsed.success ? parsed.data.revision : undefined;
}

/** Figures that one stream may carry. */
export const MAX_LIVE_FIGURES = 50;
export const liveQuery = z.strictObject({
  metrics: z
    .string({ error: once })
    .min(1, 'expected ids of metrics separated by commas, got nothing')
    .optional()
    .meta({ description: 'Ids separated by commas: each by its default question.', examples: ['bookings,booking_funnel'] }),
  path: z
    .union([z.string(), z.array(z.string())])
    .transform((paths) => (typeof paths === 'string' ? [paths] : paths))
    .optional()
    .meta({
      description: 'A figure by the path that answers it, with its parameters, percent-encoded; may be given several times.',
      examples: [['/v1/kpis/bookings?slice=channel']],
      type: 'array',
      items: { type: 'string' },
    }),
});

/** The checked query; throws a Problem that names every parameter at fault. */
export function parseQuery<S extends z.ZodObject>(schema: S, query: unknown): z.output<S> {
  const parsed = schema.safeParse(query);
  if (parsed.success) return parsed.data;
  const known = Object.keys(schema.shape);
  const errors = parsed.error.issues.flatMap((issue): ProblemPart[] => {
    if (issue.code !== 'unrecognized_keys') return [{ pointer: `/query/${pointerPart(String(issue.path[0] ?? ''))}`, message: issue.message }];
    return issue.keys.map((name) => ({ pointer: `/query/${pointerPart(name)}`, message: unknownParameter(name, known) }));
  });
  const [first] = errors;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  throw new Problem('bad_parameter', `${first?.pointer.slice('/query/'.length) ?? 'query'}: ${first?.message ?? 'not valid'}${more}`, { errors });
}

function unknownParameter(name: string, known: readonly string[]): string {
  if (known.length === 0) return 'unknown parameter: this path takes none';
  const near = nearestName(name.slice(0, 100), known);
  return near === undefined ? `unknown parameter: expected ${known.join(', ')}` : `unknown parameter: did you mean ${near}?`;
}

/** RFC 6901: `~` and `/` are escaped. Cut, because names are hostile. */
function pointerPart(name: string): string {
  return name.slice(0, 100).toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1');
}
