/** A sample event as a Kafka record: Segment-spec JSON of some 300 to 400 bytes, keyed by the actor. */

/** `key` is the actor id, `value` the JSON; `meta` says how a live record was tampered with and is not part of the JSON. */
export interface SampleEvent {
  readonly key: string;
  readonly value: string;
  readonly timeMs: number;
  readonly meta: 'plain' | 'outOfOrder' | 'duplicate' | 'late';
}

export interface Envelope {
  readonly actor: { readonly id: string; readonly isAnonymous: boolean };
  /** Of a `page` its name, of a `track` its event. */
  readonly naming: string;
  readonly messageId: string;
  readonly timeMs: number;
  readonly meta: SampleEvent['meta'];
  /** The inside of the JSON objects. */
  readonly properties: string;
  readonly context: string;
}

export function recordOf({ actor, naming, messageId, timeMs, meta, properties, context }: Envelope): SampleEvent {
  const id = `"${actor.isAnonymous ? 'anonymousId' : 'userId'}":"${actor.id}"`;
  const timestamp = new Date(timeMs).toISOString();
  const value = `{${naming},"messageId":"${messageId}",${id},"timestamp":"${timestamp}","properties":{${properties}},"context":{${context}}}`;
  return { key: actor.id, value, timeMs, meta };
}

export function trackNamed(event: string): string {
  return `"type":"track","event":"${event}"`;
}

export function pageNamed(name: string): string {
  return `"type":"page","name":"${name}"`;
}

/** Cents as a JSON number with two decimals. */
export function decimal(cents: number): string {
  return `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;
}

/** One of the items, the same for the same number. */
export function pick(items: readonly string[], detail: number): string {
  return items[detail % items.length] ?? '';
}
