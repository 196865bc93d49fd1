/** Whether the service can be heard, in one signal for the frame. */
import { signal } from '@preact/signals';

export type Connection =
  | { readonly state: 'connecting' }
  /** `polling`: the stream does not come through, figures are asked for every few seconds. */
  | { readonly state: 'live' | 'polling' }
  | { readonly state: 'offline'; readonly sinceMs: number; readonly retryAtMs: number };

export const connection = signal<Connection>({ state: 'connecting' });
/** When an answer last came, epoch ms by our clock; 0: never. */
export const heardAtMs = signal(0);

export function heard(state: 'live' | 'polling' | null = null): void {
  heardAtMs.value = Date.now();
  const known = connection.peek().state;
  const next = state ?? (known === 'live' ? 'live' : known === 'polling' ? 'polling' : 'connecting');
  if (next !== known) connection.value = { state: next };
}

export function lost(retryAtMs: number): void {
  const known = connection.peek();
  connection.value = { state: 'offline', sinceMs: known.state === 'offline' ? known.sinceMs : Date.now(), retryAtMs };
}
