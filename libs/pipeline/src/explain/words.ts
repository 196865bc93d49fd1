/** Outcomes in words, for people who ask what became of a record. */
import type { Outcome, RejectReason } from '@tidemark/core';

const REASONS: Readonly<Record<RejectReason, string>> = {
  too_large: 'its value has more than 1,048,576 bytes',
  null_value: 'it has no value',
  broken_json: 'its value is not JSON',
  too_deep: 'its value is nested deeper than 64 levels',
  not_an_object: 'its value is JSON, but no object',
  bad_type: 'its type is none of track, page, screen, identify, group and alias',
  bad_event_name: 'its event is no name of 1 to 200 bytes',
  bad_actor: 'it has no userId or anonymousId of 1 to 512 bytes',
  bad_message_id: 'it has no messageId of 1 to 512 bytes',
  bad_timestamp: 'its timestamp is no instant with a zone within the years 1 to 9999',
  null_key: 'it has no key',
  key_mismatch: "its key is not its actor's id",
};

export interface OutcomeFacts {
  readonly outcome: Outcome;
  readonly reason: RejectReason | '';
  /** Null where the record tells none. */
  readonly timeMs: number | null;
  readonly recordMs: number;
  /** Null when unknown. */
  readonly clockMs: number | null;
  readonly latenessMs: number;
}

/** One sentence without a full stop. */
export function outcomeWords({ outcome, reason, timeMs, recordMs, clockMs, latenessMs }: OutcomeFacts): string {
  switch (outcome) {
    case 'applied':
      return 'counted';
    case 'control':
      return 'moves the clock of a silent partition';
    case 'rejected':
      return reason === '' ? 'cannot be read' : REASONS[reason];
    case 'misrouted':
      return 'its key belongs to another partition: the producer partitions in another way';
    case 'duplicate':
      return 'its messageId came before';
    case 'future':
      return timeMs === null
        ? 'its time lies too far ahead'
        : `its time is ${spanWords(timeMs - recordMs)} after its arrival: at most an hour counts`;
    case 'late':
      if (timeMs === null || clockMs === null) return `its time is too far behind the partition's clock: at most ${spanWords(latenessMs)} counts`;
      return `its time is ${spanWords(clockMs - timeMs)} behind the partition's clock: at most ${spanWords(latenessMs)} counts`;
  }
}

const UNITS: readonly (readonly [number, string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
  [1, 'ms'],
];

/** The two largest units, rounded down: `8 d 2 h`. */
export function spanWords(ms: number): string {
  const whole = Math.max(0, Math.floor(ms));
  const first = UNITS.findIndex(([unitMs]) => whole >= unitMs);
  if (first < 0) return '0 ms';
  const parts = UNITS.slice(first, first + 2).map(([unitMs, name], index) => {
    const above = index === 0 ? Number.POSITIVE_INFINITY : (UNITS[first]?.[0] ?? 1);
    return { count: Math.floor((whole % above) / unitMs), name };
  });
  return parts.flatMap(({ count, name }) => (count > 0 ? [`${count} ${name}`] : [])).join(' ');
}
