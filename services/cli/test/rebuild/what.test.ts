// What a rebuild builds, up to where, and what apply then goes on with.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_SETTINGS, lineageOf } from '@tidemark/core';
import { parseMetricSet } from '@tidemark/definitions';
import type { JournalEntry, JournalState } from '@tidemark/pipeline';
import { exitCodeOf, exitCodes } from '@tidemark/runtime';
import { afterAll, expect, test } from 'vitest';
import { refusalOf } from '../../src/lineages/plan.ts';
import { planWords } from '../../src/lineages/plan-words.ts';
import { whatToRebuild } from '../../src/rebuild/what.ts';
import { decided, planned, revisionAndLineage, TEXT } from '../lineages/lineages.ts';

const folder = mkdtempSync(join(tmpdir(), 'tidemark-rebuild-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, 'edited.yaml');
const EDITED = TEXT.replace('7d', '3d');
writeFileSync(path, EDITED);

/** As the journal has a lineage that was built from the archive. */
function builtUpTo(text: string, ...positions: readonly number[]): Pick<JournalEntry, 'lineage' | 'origin'> {
  const parsed = parseMetricSet(text, { file: 'shop.yaml' });
  if (!parsed.ok) throw new Error('the set does not parse');
  const origin = `archive:1:${positions.join(',')}`;
  return { origin, lineage: lineageOf(parsed.set, DEFAULT_SETTINGS, origin) };
}

const what = (text: string, again: boolean, state: JournalState) => whatToRebuild({ what: text, again }, state, DEFAULT_SETTINGS);

test('a set of the journal is built in its own words, a file in those of the file, each as far as the archive reaches', () => {
  const known = what('shop', false, decided(['adopt', TEXT]));
  expect(known).toMatchObject({
    set: { revision: revisionAndLineage(TEXT).revision },
    file: { name: 'shop.yaml', text: TEXT },
    positions: null,
    running: [],
  });
  const edited = what(path, false, decided(['adopt', TEXT]));
  expect(edited).toMatchObject({
    set: { revision: revisionAndLineage(EDITED).revision },
    file: { name: 'edited.yaml', text: EDITED },
    positions: null,
  });
});

test('again goes up to the positions of what was built before, the served one first, and needs such a lineage', () => {
  const [first, second] = [builtUpTo(TEXT, 7, 0), builtUpTo(TEXT, 9, 4)];
  const started = [
    ['adopt', TEXT],
    ['start', TEXT, first],
    ['start', TEXT, second],
  ] as const;
  expect(what('shop', true, decided(...started))).toMatchObject({ positions: [9, 4], running: [first.lineage, second.lineage] });
  expect(what('shop', true, decided(...started, ['switch', TEXT, { lineage: first.lineage }]))).toMatchObject({
    positions: [7, 0],
    running: [second.lineage],
  });
  expect(() => what('shop', true, decided(['adopt', TEXT]))).toThrow(
    'no lineage of shop was built from the archive with these definitions: run it without --again',
  );
  const failure = (() => {
    try {
      return what('shopp', false, decided(['adopt', TEXT]));
    } catch (error) {
      return error;
    }
  })();
  expect(exitCodeOf(failure)).toBe(exitCodes.usage);
  expect(String(failure)).toContain('did you mean shop?');
});

test('apply goes on with what was built, keeps to it once it is served, and says why figures differ', () => {
  const built = builtUpTo(TEXT, 7, 0);
  const plan = planned(TEXT, decided(['adopt', TEXT], ['start', TEXT, built]));
  expect(plan).toMatchObject({ act: 'go_on', lineage: built.lineage, otherPast: true, otherFold: false });
  expect(planWords(plan)).toContain('  every metric: the past of one of the two is the archive in time order, where what came late counts');
  const served = decided(['adopt', TEXT], ['start', TEXT, built], ['switch', TEXT, { lineage: built.lineage }]);
  expect(planned(TEXT, served)).toMatchObject({ act: 'nothing', lineage: built.lineage, otherPast: false });
  const edited = planned(EDITED, served);
  expect(edited).toMatchObject({ act: 'start', otherPast: true });
  expect(planWords(edited).join('\n')).toContain('apply begins no such lineage: run tidemark rebuild with this file, then apply');
  expect(refusalOf(edited)).toMatch(
    /^shop was rebuilt from the archive, .* Run tidemark rebuild \S+, then apply; --from-log begins with the log all the same$/,
  );
  expect([refusalOf(plan), refusalOf(planned(TEXT, served)), refusalOf(planned(EDITED, decided(['adopt', TEXT])))]).toEqual([null, null, null]);
});
