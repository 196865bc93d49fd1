/** The twin of the archive as one actor's history, over the records of an in-memory archive. */
import { type ActorArchive, type ArchivedRecord, comparePlaces, placeInTime } from '@tidemark/pipeline';
import type { MemoryArchive } from './archive.ts';
import { underIntercept } from './calls.ts';

export function memoryActorArchive(memory: MemoryArchive): ActorArchive {
  const call = <Answer>(method: string, partition: number, apply: () => Answer): Promise<Answer> =>
    underIntercept(memory.intercept, { store: 'archive', method, lineage: '', partition }, apply);
  return {
    recordsOfActor: ({ actorId, after, limit }) =>
      call('recordsOfActor', -1, () =>
        [...memory.everyRecord()]
          .filter((record) => isOf(record, actorId) && (after === null || comparePlaces(placeInTime(record), after) > 0))
          .sort((a, b) => comparePlaces(placeInTime(a), placeInTime(b)))
          .slice(0, limit),
      ),
    position: async (partition) => {
      const epochs = memory.everyLink().flatMap((chunk) => (chunk.partition === partition ? [chunk.epoch] : []));
      if (epochs.length === 0) return null;
      const epoch = Math.max(...epochs);
      const end = await memory.archive.chainEnd(epoch, partition);
      return end === null ? null : { epoch, next: end.to };
    },
  };
}

/** A rejected record is found under its key. */
function isOf({ control, parsed, key }: ArchivedRecord, actorId: string): boolean {
  if (control) return false;
  return parsed === null ? key?.equals(Buffer.from(actorId)) === true : parsed.actorId === actorId;
}
