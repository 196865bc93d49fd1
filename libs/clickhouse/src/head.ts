/** Heads as rows of rollup_cells: the mark, and the closed head with its note. */
import { type Head, type HeadNote, NO_VERSION, type PublishPart, type Version, versionDecimal, versionFromDecimal } from '@tidemark/pipeline';

/** A metric's name never begins with `$`. */
export const HEAD_METRIC = '$head';
const MARK = 'mark';
const HEAD = 'head';

export const CELL_COLUMNS = ['lineage', 'metric', 'tbl', 'bucket', 'partition', 'value', 'version', 'cells', 'note'] as const;

/** The row of CELL_COLUMNS that announces a publish of several parts. */
export function markRow(part: PublishPart): readonly unknown[] {
  return [part.lineage, HEAD_METRIC, MARK, 0, part.partition, '', versionDecimal(part.target), [], part.note.log ?? ''];
}

/** The row of CELL_COLUMNS that closes the head. One sent again with a newer note takes the place of the first: of equal versions the later insert stays. */
export function headRow(part: PublishPart): readonly unknown[] {
  return [part.lineage, HEAD_METRIC, HEAD, 0, part.partition, '', versionDecimal(part.target), [], JSON.stringify(part.note)];
}

/** A head put together from its rows, in any order. */
export class HeadParts {
  #closed: Version = NO_VERSION;
  #mark: Version = NO_VERSION;
  #announced = '';
  #note: HeadNote | null = null;

  add(table: string, versionDecimalText: string, note: string): void {
    const version = versionFromDecimal(versionDecimalText);
    if (table === MARK) {
      this.#mark = version;
      this.#announced = note;
    }
    if (table !== HEAD) return;
    const parsed: HeadNote = JSON.parse(note);
    this.#closed = version;
    this.#note = parsed;
  }

  head(): Head {
    const isOpen = this.#mark > this.#closed;
    const announced = isOpen && this.#announced !== '' ? { announced: this.#announced } : {};
    return { closed: this.#closed, target: isOpen ? this.#mark : this.#closed, note: this.#note, ...announced };
  }
}
