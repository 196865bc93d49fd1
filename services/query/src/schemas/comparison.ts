/** What stands around the figures of every kind: who answers for the number, and the same figures over the range before. */
import type { OwnerFacts } from '@tidemark/pipeline';
import { z } from 'zod';
import { envelopeShape, ownerShape, previousOf } from './envelope.ts';

/** A body's schema with owner, target and `previous` added; of a union to each of its members. The cast names what `extend` leaves as it was. */
export function answerSchema<S extends z.ZodObject | z.ZodUnion<readonly z.ZodObject[]>>(
  id: string,
  figures: S,
): z.ZodType<z.output<S> & OwnerFacts> {
  const schema =
    figures instanceof z.ZodUnion
      ? z.union(figures.options.map((option) => withFacts(option, 'slices' in option.shape ? `Sliced${id}` : `Total${id}`)))
      : withFacts(figures, id);
  return (figures instanceof z.ZodUnion ? schema.meta({ id }) : schema) as unknown as z.ZodType<z.output<S> & OwnerFacts>;
}

function withFacts(body: z.ZodObject, id: string): z.ZodObject {
  const figures = Object.fromEntries(Object.entries(body.shape).filter(([key]) => !Object.hasOwn(envelopeShape, key)));
  return body.extend({ ...ownerShape, previous: previousOf(id.replace('Answer', ''), figures) }).meta({ id });
}
