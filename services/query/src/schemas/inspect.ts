/** What may be asked about single events and actors, and the bodies that answer: the outcomes of the newest records, and one actor's part in a metric. */
import { OUTCOMES } from '@tidemark/core';
import { z } from 'zod';
import { problemCode } from './catalogue.ts';
import { bucketName, count, envelopeShape, instant, sliceValueOf } from './envelope.ts';
import { metricQuery } from './query.ts';

const once = 'expected one value, not several: the parameter is given more than once';
const { metric, revision, lineage, unit, timezone } = envelopeShape;
const KINDS = ['user', 'anonymous'] as const;
const actorIdParameter = z.string({ error: once }).min(1, 'expected the id of an actor, got nothing').max(512, 'no actor id is so long');

function limitOf(most: number, description: string) {
  const expected = `expected a whole number from 1 to ${most}`;
  return z
    .string({ error: once })
    .regex(/^\d{1,4}$/, expected)
    .transform(Number)
    .refine((limit) => limit >= 1 && limit <= most, expected)
    .optional()
    .meta({ description, type: 'integer', minimum: 1, maximum: most });
}

const outcomes = z
  .string({ error: once })
  .transform((text) => text.split(','))
  .pipe(z.array(z.enum(OUTCOMES, { error: `expected outcomes separated by commas, of ${OUTCOMES.join(', ')}` })))
  .optional()
  .meta({ description: `Only these, separated by commas: ${OUTCOMES.join(', ')}.`, examples: ['late,duplicate,rejected'], type: 'string' });

const filterShape = {
  set: z
    .string({ error: once })
    .min(1, 'expected the name of a set, got nothing')
    .optional()
    .meta({ description: 'Whose outcomes: sets fold the same log, each from where its lineage began. Default: the first.' }),
  actor: actorIdParameter.optional().meta({ description: 'Only records of this actor id, or under it as key.' }),
  outcome: outcomes,
};

export const eventsQuery = z.strictObject({ ...filterShape, limit: limitOf(500, 'The newest so many. Default 100.') });
export const eventStreamQuery = z.strictObject(filterShape);

export const explainQuery = z.strictObject({
  ...metricQuery.shape,
  kind: z
    .enum(KINDS, { error: 'expected user or anonymous' })
    .optional()
    .meta({ description: 'A userId and an anonymousId of the same text are two actors. Default: the user, if there is one.' }),
  from: z.string({ error: once }).min(1, 'expected the name of a bucket, got nothing').max(40, 'expected the name of a bucket').optional().meta({
    description: 'First bucket of the contributions, included. Default: that of the first event.',
  }),
  to: z.string({ error: once }).min(1, 'expected the name of a bucket, got nothing').max(40, 'expected the name of a bucket').optional().meta({
    description: 'Last bucket of the contributions, included. Default: the bucket of the watermark or of the last event, the later one.',
  }),
  slice: z.string({ error: once }).min(1, 'expected the name of a slice, got nothing').max(400, 'no slice has so long a name').optional().meta({
    description: 'Contributions by the values of a slice of the metric instead of to the total.',
  }),
  after: z.string({ error: once }).max(80, 'expected what `next` said').optional().meta({ description: 'What `next` of the page before says.' }),
  limit: limitOf(500, 'Events of one page. Default 100.'),
});

const recordShape = {
  partition: count,
  epoch: count,
  offset: z.string().regex(/^\d+$/),
  recordedAt: instant.meta({ description: "The record's LogAppendTime." }),
  outcome: z.enum(OUTCOMES),
  reason: z.string().meta({ description: 'Of a rejected record one of the reasons of schemas/events; else empty.' }),
  words: z.string().meta({ description: 'What became of it and why, for people.' }),
  name: z.string().nullable().meta({ description: 'The name that selectors see; null when the record cannot be read.' }),
  kind: z.enum(KINDS).nullable(),
  messageId: z.string().nullable(),
  value: z.string().nullable().meta({ description: 'The first 2,000 bytes as text. Written by strangers.' }),
  valueBytes: count.meta({ description: 'Of the whole value.' }),
};

const event = z
  .strictObject({
    ...recordShape,
    at: z.string().nullable().meta({ description: "The event's own time, ISO 8601 in UTC." }),
    actor: z.string().nullable(),
    key: z.string().nullable().meta({ description: 'The Kafka key as text.' }),
    skipped: count.meta({ description: 'Records of the partition between the one before and this that are not shown: of a flood only a sample is.' }),
  })
  .meta({ id: 'InspectedEvent' });

const watchingShape = {
  set: z.string(),
  lineage,
  watchedSince: instant.meta({ description: 'Outcomes are kept only while somebody looks: since then. The worker begins within a second after.' }),
};

export const eventsBody = z
  .strictObject({ ...watchingShape, events: z.array(event).meta({ description: 'Newest first.' }) })
  .meta({ id: 'InspectedEvents' });

/** The data of the events of the stream, by the name of the event. */
export const EVENT_STREAM_EVENTS = {
  watching: z.strictObject(watchingShape).meta({ id: 'EventsWatching' }),
  event,
  missed: z.strictObject({ count }).meta({ id: 'EventsMissed', description: 'The reader was too slow for so many records that passed its filter.' }),
  problem: z
    .strictObject({ code: problemCode, detail: z.string() })
    .meta({ id: 'EventsProblem', description: 'Outcomes cannot be seen now; they follow when they can.' }),
} as const;

const contribution = z
  .strictObject({
    cell: z.string().meta({ description: 'As formulas and answers name it.', examples: ['size', '3.retained', 'step.2.uniques', 'rolling.7'] }),
    bucket: bucketName.nullable().meta({ description: 'The cohort or bucket; null: of the whole range.' }),
    through: bucketName.nullable().meta({ description: 'The last of the buckets in a row that have the same.' }),
    value: sliceValueOf('Of the slice asked for; null is the total.').nullable(),
    amount: z.union([z.number(), z.string()]).meta({ description: 'Of fixed-point sums their text.' }),
    words: z.string(),
  })
  .meta({ id: 'Contribution' });

export const explainBody = z
  .strictObject({
    metric,
    revision,
    lineage,
    unit,
    timezone,
    definition: z.string(),
    actor: z.string(),
    kind: z.enum(KINDS),
    archive: z
      .strictObject({ partition: count, epoch: count.nullable(), position: z.string().regex(/^\d+$/).nullable() })
      .meta({ description: "The actor's partition, and up to which offset the archive holds it without a gap: what is explained." }),
    from: bucketName.nullable(),
    to: bucketName.nullable(),
    contributions: z.array(contribution).nullable().meta({ description: 'Recomputed from these events alone; null when there are too many.' }),
    note: z.string().nullable().meta({ description: 'Why there are none, or what stands in their place.' }),
    events: z.array(
      z
        .strictObject({
          ...recordShape,
          at: z.string(),
          plays: z.array(z.string()).meta({ description: 'What it is to the metric.', examples: [['start', 'step 2']] }),
        })
        .meta({ id: 'ExplainedEvent' }),
    ),
    next: z.string().nullable().meta({ description: '`after=` of the following page; null at the end.' }),
  })
  .meta({ id: 'Explanation' });
