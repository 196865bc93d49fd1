// Readers of live streams for tests: one in memory that takes frames or gets stuck, and one over HTTP.
import { applyPatch } from '../src/client/apply-patch.ts';
import type { PatchOperation } from '../src/client/bodies.ts';
import { readEventStream, type StreamEvent } from '../src/client/event-stream.ts';
import type { FrameSink } from '../src/live/live-hub.ts';
import { componentMistakes } from './contract.ts';

/** What an event says, checked against the contract. */
export interface LiveEvent {
  readonly event: string;
  readonly path: string;
  readonly data: Readonly<Record<string, unknown>>;
}

const COMPONENTS: Readonly<Record<string, string>> = { snapshot: 'LiveSnapshot', delta: 'LiveDelta', problem: 'LiveProblem' };

export function liveEvent({ event, data }: StreamEvent): LiveEvent {
  const parsed: Record<string, unknown> = JSON.parse(data);
  const mistakes = componentMistakes(COMPONENTS[event] ?? event, parsed);
  if (mistakes.length > 0) throw new Error(`${event} does not fit the contract: ${mistakes.join('\n')}`);
  return { event, path: String(parsed['path']), data: parsed };
}

/** A connection in memory. While `stuck`, every write fills it up. */
export class MemoryReader implements FrameSink {
  stuck = false;
  destroyed = false;
  writes = 0;
  bytes = 0;
  #text = '';

  write(frame: Buffer): boolean {
    this.writes++;
    this.bytes += frame.length;
    this.#text += frame.toString();
    return !this.stuck;
  }

  destroy(): void {
    this.destroyed = true;
  }

  /** The raw text written since the last call. */
  takeText(): string {
    const text = this.#text;
    this.#text = '';
    return text;
  }

  /** The events written since the last call, and the newest id. */
  async take(): Promise<{ events: readonly LiveEvent[]; id: string }> {
    const bytes = Buffer.from(this.takeText());
    const events: LiveEvent[] = [];
    let id = '';
    for await (const event of readEventStream(chunksOf(bytes))) {
      id = event.lastEventId;
      if (event.event !== 'id') events.push(liveEvent(event));
    }
    return { events, id };
  }
}

/** In pieces, as a network would. */
async function* chunksOf(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 1_000) yield bytes.subarray(at, at + 1_000);
}

/** The bodies that a reader holds after these events; a delta must begin at what it holds. */
export function bodiesAfter(events: readonly LiveEvent[], before: ReadonlyMap<string, Held> = new Map()): ReadonlyMap<string, Held> {
  const held = new Map(before);
  for (const { event, path, data } of events) {
    if (event === 'snapshot') held.set(path, { etag: String(data['etag']), body: data['body'] });
    if (event !== 'delta') continue;
    const known = held.get(path);
    if (known === undefined || known.etag !== data['from'])
      throw new Error(`a delta of ${path} from ${String(data['from'])}, not from ${known?.etag}`);
    held.set(path, { etag: String(data['etag']), body: applyPatch(known.body, patchOf(data['patch'])) });
  }
  return held;
}

export interface Held {
  readonly etag: string;
  readonly body: unknown;
}

function patchOf(value: unknown): readonly PatchOperation[] {
  return JSON.parse(JSON.stringify(value));
}
