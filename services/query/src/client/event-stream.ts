/** Reads server-sent events from the bytes of a response, by the rules of the HTML standard. */

export interface StreamEvent {
  readonly event: string;
  readonly data: string;
  /** The last id that was sent, also by a block without data. */
  readonly lastEventId: string;
}

/** Ends with the stream. A block that the end cuts off is dropped. An id alone comes as an event without data, named `id`. */
export async function* readEventStream(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<StreamEvent> {
  const decoder = new TextDecoder();
  let text = '';
  let block: string[] = [];
  let lastEventId = '';
  for await (const chunk of chunks) {
    text += decoder.decode(chunk, { stream: true });
    const lines = text.split(/\r\n|\n|\r(?!$)/);
    text = lines.pop() ?? '';
    for (const line of lines) {
      if (line !== '') {
        block.push(line);
        continue;
      }
      const event = eventOf(block, lastEventId);
      block = [];
      if (event === null) continue;
      lastEventId = event.lastEventId;
      yield event;
    }
  }
}

function eventOf(lines: readonly string[], lastEventId: string): StreamEvent | null {
  const fields = lines.filter((line) => !line.startsWith(':')).map((line) => /^([^:]*)(?:: ?(.*))?$/s.exec(line));
  const valuesOf = (name: string): string[] => fields.flatMap((field) => (field?.[1] === name ? [field[2] ?? ''] : []));
  const id = valuesOf('id').at(-1);
  const data = valuesOf('data');
  if (data.length > 0) return { event: valuesOf('event').at(-1) ?? 'message', data: data.join('\n'), lastEventId: id ?? lastEventId };
  return id === undefined ? null : { event: 'id', data: '', lastEventId: id };
}
