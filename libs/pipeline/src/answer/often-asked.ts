/** The questions that are asked again and again: those are worth reading anew as soon as positions move, before somebody waits for them. */

/** Of questions asked once in a while nothing more is known. */
const REMEMBERED = 500;
/** Since its figures were read last. Who is read ahead at this price costs at most half a read more per answer. */
const OFTEN = 2;
const AT_ONCE = 8;

export class OftenAsked<Question> {
  readonly #asked = new Map<string, { readonly question: Question; times: number }>();

  ask(key: string, question: Question): void {
    const times = (this.#asked.get(key)?.times ?? 0) + 1;
    this.#asked.delete(key);
    this.#asked.set(key, { question, times });
    for (const [oldest] of this.#asked) {
      if (this.#asked.size <= REMEMBERED) break;
      this.#asked.delete(oldest);
    }
  }

  /** The count begins anew. */
  read(key: string): void {
    const asked = this.#asked.get(key);
    if (asked !== undefined) asked.times = 0;
  }

  forget(key: string): void {
    this.#asked.delete(key);
  }

  /** A few, those asked most first. */
  get due(): readonly Question[] {
    return [...this.#asked.values()]
      .filter(({ times }) => times >= OFTEN)
      .sort((one, other) => other.times - one.times)
      .slice(0, AT_ONCE)
      .map(({ question }) => question);
  }
}
