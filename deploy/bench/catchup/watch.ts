/** Asks for figures all the while a set is edited: each answer must be of one lineage and revision, and nothing that only grows may ever fall. */
import { setTimeout as sleep } from 'node:timers/promises';

/** As far as it is looked at. */
interface Body {
  readonly revision: string;
  readonly lineage: string;
  readonly buckets?: readonly { readonly bucket: string; readonly value?: unknown }[];
  readonly slices?: unknown;
}

export interface WatchOptions {
  readonly address: string;
  /** Of the edited metric, over buckets that are over: of each revision there may be one answer only. */
  readonly closed: readonly string[];
  /** Counts by bucket, which grow or stand still. */
  readonly growing: readonly string[];
  readonly everyMs: number;
}

export interface Watched {
  readonly answers: number;
  /** 503: not answered, and said so. */
  readonly refused: number;
  /** A sentence each. */
  readonly wrong: readonly string[];
}

const answerWithinMs = 20_000;
const mostTold = 20;

export class Watch {
  /** By path and revision, the figures that were answered. */
  readonly seen = new Map<string, Map<string, Set<string>>>();
  /** As the last answer of the edited metric names it. */
  revision = '';
  readonly #options: WatchOptions;
  readonly #lineages = new Map<string, string>();
  /** By path, the closed figures of the last answer: most are the same, and to look at them closely takes time that the measured services need. */
  readonly #last = new Map<string, string>();
  readonly #counts = new Map<string, number>();
  readonly #wrong: string[] = [];
  readonly #running: Promise<void>;
  #answers = 0;
  #refused = 0;
  #isWanted = true;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#running = this.#run();
    // Told to whoever stops it.
    this.#running.catch(() => undefined);
  }

  /** Asks the closed figures of one revision, served or not. */
  async askRevision(revision: string): Promise<void> {
    for (const path of this.#options.closed) {
      const body = await this.#ask(`${path}&revision=${revision}`);
      if (body === null || body.revision !== revision) this.#tell(`${path} of revision ${revision} answered ${body?.revision ?? 'with 503'}`);
      else this.#judgeClosed(path, body);
    }
  }

  /** Resolves when the edited metric is answered with a revision; throws when that takes longer. */
  async untilServed(revision: string, withinMs: number): Promise<void> {
    const untilMs = performance.now() + withinMs;
    while (this.revision !== revision) {
      if (performance.now() > untilMs) throw new Error(`revision ${this.revision} is served and not ${revision} after ${withinMs} ms`);
      await Promise.race([sleep(this.#options.everyMs), this.#running.then(() => sleep(this.#options.everyMs))]);
    }
  }

  async stop(): Promise<Watched> {
    this.#isWanted = false;
    await this.#running;
    return { answers: this.#answers, refused: this.#refused, wrong: this.#wrong };
  }

  async #run(): Promise<void> {
    const { closed, growing, everyMs } = this.#options;
    while (this.#isWanted) {
      const beganMs = performance.now();
      for (const path of closed) {
        const body = await this.#ask(path);
        if (body === null) continue;
        this.revision = body.revision;
        this.#judgeClosed(path, body);
      }
      for (const path of growing) {
        const body = await this.#ask(path);
        if (body !== null) this.#judgeGrowing(path, body);
      }
      await sleep(Math.max(1, everyMs - (performance.now() - beganMs)));
    }
  }

  async #ask(path: string): Promise<Body | null> {
    const response = await fetch(this.#options.address + path, { signal: AbortSignal.timeout(answerWithinMs) });
    const text = await response.text();
    if (response.status === 503) {
      this.#refused++;
      return null;
    }
    if (response.status !== 200) throw new Error(`GET ${path} answered ${response.status}: ${text.slice(0, 300)}`);
    this.#answers++;
    const body: Body = JSON.parse(text);
    return body;
  }

  #judgeClosed(path: string, { revision, lineage, buckets, slices }: Body): void {
    const known = this.#lineages.get(lineage) ?? revision;
    this.#lineages.set(lineage, known);
    const whole = JSON.stringify([revision, lineage, buckets, slices]);
    if (this.#last.get(path) === whole) return;
    this.#last.set(path, whole);
    if (known !== revision) this.#tell(`${path}: lineage ${lineage} answered with revision ${revision}, and before with ${known}`);
    const ofPath = this.seen.get(path) ?? new Map<string, Set<string>>();
    this.seen.set(path, ofPath);
    const figures = ofPath.get(revision) ?? new Set<string>();
    // The clock alone makes a bucket complete.
    const text = JSON.stringify({ buckets, slices }, (key, value: unknown) => (key === 'complete' ? undefined : value));
    ofPath.set(revision, figures.add(text));
    if (figures.size > 1) this.#tell(`${path}: revision ${revision} answered with ${figures.size} different figures over days that are over`);
  }

  #judgeGrowing(path: string, { buckets = [] }: Body): void {
    for (const { bucket, value } of buckets) {
      const key = `${path} ${bucket}`;
      const before = this.#counts.get(key) ?? 0;
      const now = Number(value);
      if (now < before) this.#tell(`${key} fell from ${before} to ${now}`);
      this.#counts.set(key, now);
    }
  }

  #tell(text: string): void {
    if (this.#wrong.length < mostTold && !this.#wrong.includes(text)) this.#wrong.push(text);
  }
}
