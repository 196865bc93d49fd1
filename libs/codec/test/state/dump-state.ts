/** A partition's state as canonical text: equal texts if and only if equal states, whatever the order of slots and rows. */
import { NO_BUCKET, type PartitionState } from '@tidemark/core';

export function dumpState(state: PartitionState): string {
  const lines = [
    `epoch ${state.epoch} next ${state.next} clock ${state.clockMs} cells ${state.changes.cellCount}`,
    JSON.stringify(state.counters.toRecord()),
    ...state.dictionaries.map((dictionary) => JSON.stringify([dictionary.dimension.name, dictionary.texts, dictionary.overflow])),
    ...idLines(state),
    ...actorLines(state).sort(),
    ...rowLines(state),
  ];
  return lines.join('\n');
}

function idLines(state: PartitionState): string[] {
  const { duplicates } = state;
  const lines = [`ids ${duplicates.oldest} to ${duplicates.added}`];
  for (let number = duplicates.oldest; number < duplicates.added; number++)
    lines.push(`${hex(duplicates.high(number))}${hex(duplicates.low(number))}`);
  return lines;
}

function actorLines(state: PartitionState): string[] {
  const lines: string[] = [];
  for (let slot = 0; slot < state.actors.size; slot++) {
    const key = Array.from(state.actors.keys.subarray(slot * 4, slot * 4 + 4), hex).join('');
    if (state.cappedActors.has(slot)) lines.push(`${key} capped`);
    lines.push(...ledgerLines(state, slot).map((line) => `${key} ${line}`));
    for (const { key: register, store } of state.bucketSets) {
      for (let row = store.first(slot); row >= 0; row = store.following(row)) {
        const buckets: number[] = [];
        const top = store.top(row);
        if (top !== NO_BUCKET) {
          for (let bucket = (top - store.words + 1) * 32; bucket < (top + 1) * 32; bucket++) if (store.has(row, bucket)) buckets.push(bucket);
        }
        lines.push(`${key} ${register} label ${store.label(row)} top ${top} before ${store.before(row)} ${buckets.join(' ')}`);
      }
    }
    for (const { key: register, store } of state.firsts) {
      const row = store.find(slot);
      if (row < 0) continue;
      const captured = store.captured.subarray(row * store.captures, (row + 1) * store.captures);
      lines.push(`${key} ${register} ${store.times[row]} ${hex(store.ids[row * 2])}${hex(store.ids[row * 2 + 1])} ${captured.join(' ')}`);
    }
    for (const { key: register, store } of state.timelines) {
      const row = store.find(slot);
      if (row < 0) continue;
      const elements: string[] = [];
      const start = store.start(row);
      for (let position = start; position < start + store.length(row); position++) {
        const captured = Array.from({ length: store.captures }, (_, capture) => store.captured(position, capture));
        elements.push(
          `${store.times[position]}:${hex(store.idHigh(position))}${hex(store.idLow(position))}:${store.mask(position)}:${captured.join(',')}`,
        );
      }
      lines.push(`${key} ${register} ${elements.join(' ')}`);
    }
  }
  return lines;
}

/** What of the ledger can still move. */
function ledgerLines({ held }: PartitionState, slot: number): string[] {
  const lines: string[] = [];
  if (held === null) return lines;
  const { ledger } = held;
  for (let entry = ledger.first(slot); entry >= 0; entry = ledger.following(entry)) {
    if (!held.isLive(entry)) continue;
    const { metric, name } = held.tableOf(entry).shape;
    lines.push(`added ${metric}/${name} ${ledger.buckets[entry]} ${ledger.labels[entry]} ${ledger.columns[entry]}: ${ledger.amounts[entry]}`);
  }
  return lines;
}

/** By version, then by place. */
function rowLines(state: PartitionState): string[] {
  const rows: { epoch: number; next: number; text: string }[] = [];
  for (const row of state.changes.all()) {
    const { metric, name } = row.table.shape;
    if (row.table.find(row.bucket, row.label) !== row.row) throw new Error('a row is not in its table');
    rows.push({ epoch: row.epoch, next: row.next, text: `${metric}/${name} ${row.bucket} ${row.label}: ${Array.from(row.cells).join(' ')}` });
  }
  rows.sort((a, b) => a.epoch - b.epoch || a.next - b.next || (a.text < b.text ? -1 : 1));
  return rows.map(({ epoch, next, text }) => `${epoch} ${next} ${text}`);
}

function hex(word: number | undefined): string {
  return (word ?? 0).toString(16).padStart(8, '0');
}
