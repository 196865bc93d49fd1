/** A record's bytes as the oracle reads an event. */
import { createPlainDecoder, describeEvent, type RecordBytes } from '@tidemark/codec';
import { type TimelineEvent, Vocabulary } from '@tidemark/core';

/** Null for a record that is rejected. */
export function timelineEventOf({ key, value }: RecordBytes): TimelineEvent | null {
  const vocabulary = new Vocabulary();
  const view = createPlainDecoder(vocabulary).decode(key, value);
  const described = describeEvent(key, value);
  if (view === null || !described.accepted) return null;
  const { actorKind, actorId, messageId, event, timeMs } = described;
  return {
    actor: `${actorKind === 'user' ? 'u' : 'a'}:${actorId}`,
    messageId,
    tieHash: (BigInt(view.messageHigh) << 32n) | BigInt(view.messageLow),
    name: event,
    isAction: view.isAction,
    timeMs,
    get: (path) => view.property(vocabulary.path(path)),
  };
}
