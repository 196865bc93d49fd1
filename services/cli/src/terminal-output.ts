/** Where a command writes: data to one stream, progress and messages to the other. */
import { createStyle, redactText, type Style, type TerminalStream } from '@tidemark/runtime';

export interface Output {
  /** One line of data. */
  data(line: string): void;
  /** One line for a person. */
  message(line: string): void;
  /** For progress. */
  readonly messages: TerminalStream;
  /** Of the data stream and of the message stream. */
  readonly dataStyle: Style;
  readonly style: Style;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export function createOutput(streams: { stdout: TerminalStream; stderr: TerminalStream; env: Output['env'] }): Output {
  const { stdout, stderr, env } = streams;
  return {
    data: (line) => {
      stdout.write(`${line}\n`);
    },
    message: (line) => {
      stderr.write(`${redactText(line)}\n`);
    },
    messages: stderr,
    dataStyle: createStyle(stdout, env),
    style: createStyle(stderr, env),
    env,
  };
}
