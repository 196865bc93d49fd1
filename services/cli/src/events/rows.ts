/** What is read from a file of events: rows, the events that they make, and why others make none. */

/** An event as a Kafka record, with what is needed to order it. Hash words are unsigned. */
export interface FileEvent {
  readonly key: string;
  readonly value: string | Buffer;
  readonly timeMs: number;
  readonly messageHigh: number;
  readonly messageLow: number;
}

/** A record before it is checked: its line, and either record or reason. */
export interface RawRow {
  /** From 1, the header included. */
  readonly line: number;
  readonly record: { readonly key: string; readonly value: string | Buffer } | { readonly reason: string };
}

export interface BadRow {
  readonly file: string;
  readonly line: number;
  readonly reason: string;
}
