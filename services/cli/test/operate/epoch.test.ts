// Where a topic that was created anew continues the one before it, and everything for which it does not.
import type { LogIdentity } from '@tidemark/pipeline';
import { expect, test } from 'vitest';
import { type Folded, planRaise, type RaiseFacts } from '../../src/operate/epoch/plan-raise.ts';

const IDENTITY: LogIdentity = { clusterId: 'c', topicId: 't2', partitionCount: 2, cleanupPolicy: 'delete', timestampType: 'LogAppendTime' };

const folded = (partition: number, next: number, log: string | null = 'c/t1/2'): Folded => ({ partition, of: 'shop', where: 'redis', log, next });

function facts(changes: Partial<RaiseFacts> = {}): RaiseFacts {
  return {
    identity: IDENTITY,
    bounds: new Map([
      [0, { low: 0, high: 9 }],
      [1, { low: 0, high: 0 }],
    ]),
    epochs: [],
    folded: [folded(0, 40), folded(1, 25), { ...folded(0, 30), where: 'the saved state' }],
    archive: new Map([
      [0, { chainEnd: 40, reach: 40 }],
      [1, { chainEnd: 30, reach: 30 }],
    ]),
    ...changes,
  };
}

test('each partition goes on right behind its archive, whatever was folded of it already', () => {
  expect(planRaise(facts())).toEqual({ plan: 'raise', epoch: { log: 'c/t2/2', continues: 'c/t1/2', from: [0, 0], at: [40, 30] } });
});

test('what the new topic has deleted already is left out, and a partition that had nothing before begins at its first record', () => {
  const bounds = new Map([
    [0, { low: 7, high: 9 }],
    [1, { low: 0, high: 5 }],
  ]);
  expect(planRaise(facts({ bounds, folded: [folded(0, 40), folded(1, 5, 'c/t2/2')] }))).toMatchObject({ epoch: { from: [7, 0], at: [40, 0] } });
});

test('the third topic continues the second, by whatever name figures call those before', () => {
  const epochs = [{ log: 'c/t1/2', continues: 'c/t0/2', from: [0, 0], at: [10, 25] }];
  const of = (log: string): RaiseFacts => facts({ epochs, folded: [folded(0, 40, 'c/t1.2/2'), folded(1, 25, log)] });
  const epoch = { log: 'c/t2/2', continues: 'c/t1/2', from: [0, 0], at: [40, 30] };
  expect(planRaise(of('c/t0/2'))).toEqual({ plan: 'raise', epoch });
  expect(planRaise(of('c/t9/2'))).toMatchObject({ plan: 'refused', why: expect.stringContaining('figures of c/t9/2 are served, which the journal') });
  expect(planRaise(facts({ epochs: [...epochs, epoch] }))).toEqual({ plan: 'nothing', why: 'the log goes on in this topic already, in epoch 3' });
});

test.each<[string, Partial<RaiseFacts>, RegExp]>([
  ['of this very topic', { folded: [folded(0, 40, 'c/t2/2')] }, /^all that is folded is of this very topic, t2$/],
  ['nothing yet', { folded: [folded(0, 0), folded(1, 40, null)] }, /^nothing is folded yet that says from which topic, t2$/],
])('%s: nothing to raise', (_what, changes, why) => {
  expect(planRaise(facts(changes))).toEqual({ plan: 'nothing', why: expect.stringMatching(why) });
});

test.each<[string, Partial<RaiseFacts>, RegExp]>([
  [
    'another partition count',
    { identity: { ...IDENTITY, partitionCount: 3 } },
    /^the topic has 3 partitions, the one before it had 2: .*repartition/,
  ],
  [
    'more folded than archived',
    { folded: [folded(0, 41)] },
    /^partition 0: redis of shop reaches position 41, the archive 40: .* never be proven; .*repartition/,
  ],
  ['nothing archived', { archive: new Map() }, /^partition 0: redis of shop reaches position 40, the archive 0: /],
  [
    'records without a link',
    { archive: new Map([[0, { chainEnd: 40, reach: 55 }]]) },
    /^partition 0: the archive's unbroken chain ends at 40, and it holds records up to 55: /,
  ],
  ['two logs before', { folded: [folded(0, 4), folded(1, 4, 'c/t0/2')] }, /^what was folded is of several logs, c\/t1\/2 and c\/t0\/2/],
  ['a partition of both', { folded: [folded(0, 4), folded(0, 4, 'c/t2/2')] }, /^partition 0: redis of shop was folded from the new topic, the rest/],
])('%s: refused, with the way out', (_what, changes, why) => {
  expect(planRaise(facts(changes))).toEqual({ plan: 'refused', why: expect.stringMatching(why) });
});
