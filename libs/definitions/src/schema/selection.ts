/** What a file may say about events: paths, `where` tests, selectors and dimensions. */
import { z } from 'zod';
import { editDistance } from '../nearest.ts';
import { choice, strict, whole, words } from './values.ts';

const scalarError = 'expected a text, a number or true/false';
const scalar = z
  .union(
    [
      z.string({ error: scalarError }).max(1000, { error: 'expected a text of at most 1000 characters' }),
      z.number({ error: scalarError }).refine((value) => !Number.isInteger(value) || Number.isSafeInteger(value), {
        error: 'expected a number of at most 15 digits: a larger whole number is not exact in JSON, send it as a text',
      }),
      z.boolean(),
    ],
    { error: (issue) => (issue.input === null ? 'null never matches: write { exists: true } or { exists: false }' : scalarError) },
  )
  .meta({ id: 'Scalar', description: 'Compared without conversion: "5" is not 5.' });

const scalars = z.array(scalar).min(1, { error: 'expected at least one value' }).max(1000, { error: 'expected at most 1000 values' });
const bound = z.number({ error: 'expected a number' });
const range = { gt: bound.optional(), gte: bound.optional(), lt: bound.optional(), lte: bound.optional() };
const onlyRange = strict(range, 'bounds such as { gte: 10 }').refine(isSomeRange, { error: rangeError });

function isSomeRange(written: { gt?: number | undefined; gte?: number | undefined; lt?: number | undefined; lte?: number | undefined }): boolean {
  const { gt, gte, lt, lte } = written;
  const low = gt ?? gte;
  const high = lt ?? lte;
  if ((gt !== undefined && gte !== undefined) || (lt !== undefined && lte !== undefined)) return false;
  if (low === undefined || high === undefined) return low !== undefined || high !== undefined;
  return gte !== undefined && lte !== undefined ? low <= high : low < high;
}

function rangeError(): string {
  return 'expected a range that some number can meet, with at most one of gt and gte and at most one of lt and lte';
}

const conditionError = 'expected a value, a list of values, or tests such as { gte: 10 }, { exists: true } or { not: test }';
const test = strict(
  {
    ...range,
    exists: z.boolean({ error: 'expected true or false' }).optional().meta({ description: 'true: present and not null.' }),
    not: z.union([scalar, scalars, onlyRange], { error: conditionError }).optional().meta({ description: 'Also met by an absent property.' }),
  },
  'tests such as { gte: 10 }',
).superRefine((written, context) => {
  const hasRange = [written.gt, written.gte, written.lt, written.lte].some((value) => value !== undefined);
  if (!hasRange && written.exists === undefined && written.not === undefined) context.addIssue({ code: 'custom', message: conditionError });
  if (hasRange && !isSomeRange(written)) context.addIssue({ code: 'custom', message: rangeError() });
  if (written.exists === false && (hasRange || written.not !== undefined))
    context.addIssue({ code: 'custom', path: ['exists'], message: 'an absent property passes no other test here: keep exists: false alone' });
});

export const condition = z.union([scalar, scalars, test], {
  error: (issue) => (issue.input === null ? 'null never matches: write { exists: true } or { exists: false }' : conditionError),
});
export type WrittenCondition = z.infer<typeof condition>;

const ROOTS = ['properties', 'context', 'traits'];

/** `contxt.device.type` would read nothing, for ever: a first name that is nearly one of the usual ones is taken for a slip. */
function meantPath(text: string): string | undefined {
  const [root, ...rest] = text.split('.');
  if (root === undefined || rest.length === 0 || ROOTS.includes(root)) return undefined;
  const meant = ROOTS.find((known) => editDistance(root, known, 3) < 3);
  return meant === undefined ? undefined : [meant, ...rest].join('.');
}

export const path = words(200, 'a property: a bare name (plan means properties.plan) or a dotted path from the event (context.device.type)')
  .regex(/^[^.]+(\.[^.]+){0,15}$/, { error: 'expected names joined by single dots, at most 16' })
  .refine((text) => !text.split('.').includes('__proto__'), { error: 'the name __proto__ cannot be used' })
  .refine((text) => meantPath(text) === undefined, {
    error: (issue) => `no such place in an event; did you mean '${meantPath(String(issue.input))}'?`,
  });

export const where = z
  .record(path, condition, { error: 'expected a map of properties and tests, such as { channel: [app, web] }' })
  .refine((tests) => Object.keys(tests).length >= 1 && Object.keys(tests).length <= 20, { error: 'expected 1 to 20 properties' })
  .meta({ id: 'Where', description: 'Tests on properties; all must hold. A bare name means properties.<name>.' });
export type WrittenWhere = z.infer<typeof where>;

export const eventName = words(200, "an event's name, or '*' for any track, page or screen");
const term = strict({ event: eventName, where: where.optional() }, 'a selector: a name, { event, where }, or a list of these');
const named = words(200, "a selector's or an event's name");
const selectorError = 'expected a selector: a name, { event, where }, or a list of these';

export const selector = z
  .union(
    [
      named,
      term,
      z
        .array(z.union([named, term], { error: selectorError }))
        .min(1, { error: 'expected at least one selector' })
        .max(50, { error: 'expected at most 50 selectors' }),
    ],
    { error: selectorError },
  )
  .meta({
    id: 'Selector',
    description: "A defined selector's or an event's name, { event, where }, or a list of these (any of). '*' is any track, page or screen.",
  });
export type WrittenSelector = z.infer<typeof selector>;

export const DEFAULT_DIMENSION_MAX = 50;

export const dimension = strict(
  {
    property: path,
    values: z
      .array(z.union([z.string().max(200, { error: 'expected at most 200 characters' }), z.number(), z.boolean()], { error: scalarError }))
      .min(1, { error: 'expected at least one value' })
      .max(1000, { error: 'expected at most 1000 values' })
      .optional()
      .meta({ description: 'A closed list: exact; anything else is $other.' }),
    hold: z.literal('first', { error: "expected first: the actor's earliest value" }).optional().meta({
      description: "first: the actor's earliest non-empty value, kept for ever; it holds for all its events. Leave it out for the event's own.",
    }),
    max: whole(1, 1000)
      .optional()
      .meta({ description: `An open list: the first max values per partition, then $other. Default ${DEFAULT_DIMENSION_MAX}.` }),
  },
  'a dimension such as { property: context.device.type, max: 50 }',
)
  .refine((written) => written.values === undefined || written.max === undefined, {
    path: ['max'],
    error: 'a closed list of values has no use for max: leave one of them out',
  })
  .meta({ id: 'Dimension' });

export const dimensionName = z.string({ error: 'expected the name of a dimension' }).regex(/^[A-Za-z][A-Za-z0-9_-]{0,62}$/, {
  error: 'expected a name of 1 to 63 of A-Z, a-z, 0-9, _ and -, a letter first',
});
export const retainedUnit = choice(['day', 'week', 'month']);
