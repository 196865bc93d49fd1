/** The incremental engine as a whole, for laws: folds of several partitions, and answers from the rows of their states. */
import type { Answer, AnswerRequest } from '../../src/answer.ts';
import type { MetricDefinition, MetricSet } from '../../src/definition.ts';
import { Vocabulary } from '../../src/event.ts';
import { createCalendars } from '../../src/fold/calendars.ts';
import { PartitionFold } from '../../src/fold/partition-fold.ts';
import { answerMetric, needsOf } from '../../src/metrics/formula-answer.ts';
import { type CalendarSource, type RowSource, type Rows, sumOfBuckets } from '../../src/metrics/kind.ts';
import { kindOf } from '../../src/metrics/registry.ts';
import type { FoldSettings } from '../../src/settings.ts';
import { rowValue } from '../../src/state/cells.ts';
import type { CellRow } from '../../src/state/rows.ts';
import { type LoggedEvent, viewOf } from './random-history.ts';

export class Engine {
  readonly set: MetricSet;
  readonly settings: FoldSettings;
  readonly calendars: CalendarSource = createCalendars();
  readonly folds: readonly PartitionFold[];
  readonly #vocabulary = new Vocabulary();

  constructor(set: MetricSet, settings: FoldSettings, partitions = 1) {
    this.set = set;
    this.settings = settings;
    // A name that only another set of the process knows.
    this.#vocabulary.name('of another set');
    this.folds = Array.from(
      { length: partitions },
      () => new PartitionFold({ set, settings, vocabulary: this.#vocabulary, calendars: this.calendars }),
    );
  }

  /** Folds a record into its actor's partition and checks what must hold after every record. */
  send(record: LoggedEvent): void {
    const fold = this.folds[record.actorNumber % this.folds.length] as PartitionFold;
    const { state } = fold;
    fold.apply(viewOf(record, this.#vocabulary), state.next + 1, record.recordMs);
    for (const number of state.changes.changedAbove(state.epoch, state.next - 1)) {
      const row = state.changes.view(number);
      const { metric, name, closesAtMs } = row.table.shape;
      if (closesAtMs(row.bucket) <= state.clockMs) throw new Error(`a closed row changed: ${metric} ${name} bucket ${row.bucket}`);
    }
  }

  get watermarkMs(): number {
    return Math.min(...this.folds.map(({ state }) => state.clockMs));
  }

  /** From the rows that the kind says it needs, and no others. */
  answer(metric: MetricDefinition, request: AnswerRequest): Answer {
    const { set, calendars } = this;
    const needs = needsOf(set, metric, request, calendars);
    const isNeeded = (row: CellRow): boolean =>
      needs.some(
        (need) => need.metric === row.table.shape.metric && need.table === row.table.shape.name && row.bucket >= need.from && row.bucket <= need.to,
      );
    const clock = { watermarkMs: this.watermarkMs, latenessMs: this.settings.latenessMs };
    return answerMetric(metric, request, { set, sourceOf: (id) => this.#source(id, isNeeded), clock, calendars });
  }

  #source(metricId: string, isNeeded: (row: CellRow) => boolean): RowSource {
    const rows = this.rows().filter(({ row }) => row.table.shape.metric === metricId && isNeeded(row));
    const rowsOf = (table: string, value: string): Rows => {
      const sums = new Map<number, number[]>();
      for (const { row, text } of rows) {
        if (row.table.shape.name !== table || text !== value) continue;
        const sum = sums.get(row.bucket) ?? Array.from(row.cells, () => 0);
        sums.set(
          row.bucket,
          sum.map((cell, column) => cell + (row.cells[column] as number)),
        );
      }
      return sums;
    };
    return {
      rows: rowsOf,
      sum: (table, value, range) => sumOfBuckets(rowsOf(table, value), range),
      values: (table) => [...new Set(rows.filter(({ row }) => row.table.shape.name === table).map(({ text }) => text))],
    };
  }

  /** All rows of all partitions with the text of their slice value. */
  rows(): { row: CellRow; text: string }[] {
    const rows: { row: CellRow; text: string }[] = [];
    for (const { state } of this.folds) {
      for (const row of state.changes.all()) rows.push({ row, text: rowValue(row.table.shape, state.dictionaries, row.label) });
    }
    return rows;
  }

  /** Throws when an integer of a row cannot be, or a record is not accounted for. */
  check(): void {
    const rows = this.rows();
    for (const metric of this.set.metrics) {
      for (const { row } of rows) if (row.table.shape.metric === metric.id) kindOf(metric).check(metric, row.table.shape.name, row.cells);
    }
    for (const { state } of this.folds) state.counters.check();
  }

  /** Every row that is not all zero, summed over the partitions: `metric/table bucket value` → integers. */
  cells(): Record<string, number[]> {
    const sums = new Map<string, number[]>();
    for (const { row, text } of this.rows()) {
      const key = `${row.table.shape.metric}/${row.table.shape.name} ${row.bucket} ${JSON.stringify(text)}`;
      const sum = sums.get(key) ?? Array.from(row.cells, () => 0);
      sums.set(
        key,
        sum.map((cell, column) => cell + (row.cells[column] as number)),
      );
    }
    return Object.fromEntries([...sums].filter(([, cells]) => cells.some((cell) => cell !== 0)).sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}
