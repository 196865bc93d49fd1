/** What the Kafka client says, as lines for a person: failures only, unless everything is wanted. */
import type { KafkaLogger } from '@tidemark/kafka';
import { printable } from '@tidemark/runtime';
import type { Output } from './terminal-output.ts';

export function kafkaMessages({ message, style, env }: Output): KafkaLogger {
  const isTalkative = env['TIDEMARK_LOG_LEVEL'] === 'debug' || env['TIDEMARK_LOG_LEVEL'] === 'trace';
  const say = (_fields: object, text: string): void => message(style.dim(`kafka: ${printable(text, 300)}`));
  const quiet = (fields: object, text: string): void => {
    if (isTalkative) say(fields, text);
  };
  return { info: quiet, warn: quiet, error: say };
}
