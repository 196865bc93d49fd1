/** Definition files and journals for the tests of plans and reports. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_SETTINGS, lineageOf } from '@tidemark/core';
import { parseMetricSet } from '@tidemark/definitions';
import { type EntryKind, type JournalEntry, type JournalState, journalState } from '@tidemark/pipeline';
import { afterAll } from 'vitest';
import { type Plan, planOf } from '../../src/lineages/plan.ts';

const folder = mkdtempSync(join(tmpdir(), 'tidemark-plan-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

export const TEXT = `
name: shop
dimensions:
  channel: { property: channel, max: 2 }
metrics:
  - { id: buying, kind: funnel, steps: [Opened, Paid], window: 7d, slice: [channel] }
  - { id: opened, kind: kpi, measure: { count: Opened }, slice: [channel] }
  - { id: choices, kind: kpi, measure: { count: Chosen } }
`;

export function revisionAndLineage(text: string): { readonly set: string; readonly revision: string; readonly lineage: string } {
  const parsed = parseMetricSet(text, { file: 'shop.yaml' });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return { set: parsed.set.name, revision: parsed.set.revision, lineage: lineageOf(parsed.set, DEFAULT_SETTINGS) };
}

/** The state after these decisions, each about the lineage that a text makes. */
export function decided(...decisions: readonly (readonly [EntryKind, string, Partial<JournalEntry>?])[]): JournalState {
  return journalState(
    decisions.map(([kind, text, more], index): JournalEntry => {
      const brings = kind === 'adopt' || kind === 'start';
      return {
        ...{ sequence: index + 1, id: `e${index}`, atMs: 1_700_000_000_000 + index, by: 'ann', kind, ...revisionAndLineage(text), positions: [] },
        ...{ files: brings || kind === 'describe' ? [{ name: 'shop.yaml', text }] : [], origin: brings ? 'log' : '', ...more },
      };
    }),
  );
}

function fileOf(text: string): string {
  const path = join(folder, 'shop.yaml');
  writeFileSync(path, text);
  return path;
}

export function planned(text: string, state: JournalState = decided(['adopt', TEXT])): Plan {
  return planOf(fileOf(text), state, DEFAULT_SETTINGS);
}
