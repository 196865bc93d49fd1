/** The error for bytes of the log that no further try makes readable. */

/** A record batch that nobody can read by trying again. kafkajs gives up at once on an error that is not retriable. */
export class UnreadableBatch extends Error {
  readonly retriable = false;
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'UnreadableBatch';
  }
}
