/** Redis's copy of the journal of lineages: a hash of entries by id. */
import { type JournalEntry, type LineageJournal, readEntryText } from '@tidemark/pipeline';
import type { RedisConnection, Reply } from './connection.ts';
import { journalKey } from './layout.ts';

export function createRedisLineageJournal(connection: RedisConnection): LineageJournal {
  const key = journalKey(connection.namespace);
  /** Of all fields that were read: they never change, so only their names are asked for again. */
  const known = new Map<string, { readonly entry: JournalEntry } | { readonly problem: string }>();
  return {
    async read() {
      const ids = listOf(await connection.call('HKEYS', key)).map(String);
      const absent = ids.filter((id) => !known.has(id));
      const texts = absent.length === 0 ? [] : listOf(await connection.call('HMGET', key, ...absent));
      for (const [index, id] of absent.entries()) {
        const text = texts[index] ?? null;
        if (text !== null) known.set(id, entryOf(id, String(text)));
      }
      const found = ids.flatMap((id) => known.get(id) ?? []);
      return {
        entries: found.flatMap((each) => ('entry' in each ? [each.entry] : [])),
        unreadable: found.flatMap((each) => ('problem' in each ? [each.problem] : [])),
      };
    },
    async append(entry): Promise<void> {
      await connection.call('HSETNX', key, entry.id, JSON.stringify(entry));
    },
  };
}

function entryOf(id: string, json: string): { readonly entry: JournalEntry } | { readonly problem: string } {
  const read = readEntryText(json);
  if (read.ok && read.entry.id === id) return { entry: read.entry };
  const problem = read.ok ? `its id is ${read.entry.id}` : read.problem;
  return { problem: `the journal in Redis, field ${JSON.stringify(id.slice(0, 100))}: ${problem}` };
}

function listOf(reply: Reply): readonly Reply[] {
  if (!Array.isArray(reply)) throw new TypeError('Redis answered a question about the journal with something that is no list');
  return reply;
}
