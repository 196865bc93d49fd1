/** What every place for the requests of operators promises, run alike on the twin and on Redis. */
import type { OperatorRequest, OperatorRequests } from '@tidemark/pipeline';
import { expect, test } from 'vitest';

export interface OperatorRequestsUnderTest {
  readonly requests: OperatorRequests;
  close(): Promise<void>;
}

/** `make` is called once per test; the ids are this test's own. */
export function operatorRequestsContract(name: string, make: () => Promise<OperatorRequestsUnderTest>): void {
  const request = (id: string, changes: Partial<OperatorRequest> = {}): OperatorRequest => ({
    ...{ id, act: 'resume', lineage: '0123456789abcdef', partition: 3 },
    ...changes,
  });
  const pendingOf = async (requests: OperatorRequests, prefix: string) =>
    (await requests.pending()).filter(({ id }) => id.startsWith(prefix)).sort((a, b) => (a.id < b.id ? -1 : 1));

  test(`${name} keeps what is asked until it is answered, and the answer for who asked`, async () => {
    const { requests, close } = await make();
    const [one, two] = [request('answered-1'), request('answered-2', { act: 'republish', partition: 4095 })];
    await requests.ask(one);
    await requests.ask(two);
    expect(await pendingOf(requests, 'answered-')).toEqual([one, two]);
    expect(await requests.answerTo(one.id)).toBe(null);
    const answer = { outcome: 'refused', by: '12-ab', detail: 'it halted again: "\u2028 漢' } as const;
    await requests.answer(one.id, answer);
    expect(await pendingOf(requests, 'answered-')).toEqual([two]);
    expect(await requests.answerTo(one.id)).toEqual(answer);
    await requests.answer(one.id, { ...answer, outcome: 'done' });
    expect((await requests.answerTo(one.id))?.outcome).toBe('done');
    await requests.withdraw(two.id);
    await close();
  });

  test(`${name} gives up a request that is taken back, twice or unknown`, async () => {
    const { requests, close } = await make();
    await requests.ask(request('back-1'));
    await requests.withdraw('back-1');
    await requests.withdraw('back-1');
    await requests.withdraw('back-never');
    expect(await pendingOf(requests, 'back-')).toEqual([]);
    expect(await requests.answerTo('back-1')).toBe(null);
    await close();
  });
}
