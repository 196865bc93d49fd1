// The Metadata request by hand, and what makes a topic unfit.
import type { LogIdentity } from '@tidemark/pipeline';
import { describe, expect, it } from 'vitest';
import { topicProblem } from '../src/topic.ts';
import { decodeMetadataResponse, encodeMetadataRequest } from '../src/topic-metadata.ts';

const TOPIC_ID = '00112233445566778899aabbccddeeff';

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

const compact = (text: string): Buffer => Buffer.concat([Buffer.from([text.length + 1]), Buffer.from(text)]);

/** As Kafka answers: one broker without a rack, two partitions, and a tagged field that we do not know. */
function response(): Buffer {
  const partition = (index: number): Buffer =>
    Buffer.concat([
      Buffer.from([0, 0]),
      int32(index),
      int32(1),
      int32(0),
      Buffer.from([2]),
      int32(1),
      Buffer.from([2]),
      int32(1),
      Buffer.from([1, 0]),
    ]);
  const broker = Buffer.concat([int32(1), compact('127.0.0.1'), int32(9092), Buffer.from([0, 0])]);
  const topic = Buffer.concat([
    Buffer.from([0, 0]),
    compact('t.events'),
    Buffer.from(TOPIC_ID, 'hex'),
    Buffer.from([0, 3]),
    partition(0),
    partition(1),
    int32(-1),
    Buffer.from([1, 5, 2, 9, 9]),
  ]);
  const tail = Buffer.concat([int32(-1), Buffer.from([0])]);
  return Buffer.concat([Buffer.from([0]), int32(0), Buffer.from([2]), broker, compact('cluster-1'), int32(1), Buffer.from([2]), topic, tail]);
}

describe('the Metadata exchange', () => {
  it('asks for one topic by name and never creates it', () => {
    expect(encodeMetadataRequest('ab').toString('hex')).toBe(`0002${'00'.repeat(16)}0361620000000000`);
  });

  it('reads cluster, topic id and partition count, over fields that it does not know', () => {
    expect(decodeMetadataResponse(response())).toEqual({ clusterId: 'cluster-1', errorCode: 0, topicId: TOPIC_ID, partitionCount: 2 });
  });

  it('refuses a response that ends anywhere too early', () => {
    const whole = response();
    for (let length = 0; length < whole.length - 5; length += 1) expect(() => decodeMetadataResponse(whole.subarray(0, length))).toThrow(RangeError);
  });
});

describe('an existing topic', () => {
  const good: LogIdentity = { clusterId: 'c', topicId: 't', partitionCount: 12, cleanupPolicy: 'delete', timestampType: 'LogAppendTime' };

  it('serves as the design needs it', () => {
    expect(topicProblem('x.events', good, 12)).toBeNull();
    expect(topicProblem('x.events', good, null)).toBeNull();
  });

  it.each([
    [{ partitionCount: 6 }, 'TIDEMARK_PARTITIONS=6'],
    [{ cleanupPolicy: 'compact' }, 'cleanup.policy=compact'],
    [{ cleanupPolicy: 'compact,delete' }, 'cleanup.policy=compact,delete'],
    [{ timestampType: 'CreateTime' }, 'message.timestamp.type=CreateTime'],
  ])('is refused with %o, with what differs', (change, part) => {
    expect(topicProblem('x.events', { ...good, ...change }, 12)).toContain(part);
  });
});
