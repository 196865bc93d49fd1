/** An output that keeps what is written, for tests of commands. */
import { createOutput, type Output } from '../src/terminal-output.ts';

export interface CapturedOutput extends Output {
  /** Lines of data. */
  readonly out: () => string[];
  /** Lines for a person. */
  readonly err: () => string[];
}

export function captureOutput(env: Output['env'] = {}): CapturedOutput {
  const written = { out: '', err: '' };
  const stdout = { write: (text: string) => (written.out += text) };
  const stderr = { write: (text: string) => (written.err += text) };
  const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');
  return { ...createOutput({ stdout, stderr, env }), out: () => lines(written.out), err: () => lines(written.err) };
}
