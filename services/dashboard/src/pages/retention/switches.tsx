/** The switches of the retention page; each is in the URL. */

import type { Metric } from '@tidemark/query/client';
import type { ComponentChildren } from 'preact';
import type { Way } from '../../parts/triangle/cohort-table.ts';
import { change, FRAME_CONTROLS } from '../../route/router.ts';
import { EVERYBODY, type Groups } from './groups.ts';

export interface SwitchesProps {
  readonly metric: Metric;
  readonly state: { readonly counts: boolean; readonly scale: 'table' | 'column'; readonly against: string };
  readonly set: (changed: { show?: Way; counts?: boolean; scale?: 'table' | 'column'; of?: string | null; against?: string; cell?: string }) => void;
  readonly way: Way;
  readonly hasBrackets: boolean;
  readonly groups: Groups | null;
  readonly slice: string;
  readonly isComparing: boolean;
}

export function Switches({ metric, state, set, way, hasBrackets, groups, slice, isComparing }: SwitchesProps) {
  const { unit } = metric;
  return (
    <>
      <Segments label="Counted as returned">
        <Choice is={way === 'on'} tip={`back in exactly that ${unit}`} onChoose={() => set({ show: 'on', cell: '' })}>
          {unit === 'day' ? 'on' : 'in'} the {unit}
        </Choice>
        <Choice
          is={way === 'onOrAfter'}
          tip={`back in that ${unit} or a later one of the table; final when the last ${unit} is over`}
          onChoose={() => set({ show: 'onOrAfter', cell: '' })}
        >
          {unit === 'day' ? 'on' : 'in it'} or after
        </Choice>
        {hasBrackets && (
          <Choice is={way === 'brackets'} tip={`back in some ${unit} of a span`} onChoose={() => set({ show: 'brackets', cell: '' })}>
            brackets
          </Choice>
        )}
      </Segments>
      {!isComparing && (
        <>
          <Segments label="Numbers in the cells">
            <Choice is={!state.counts} tip="share of the cohort" onChoose={() => set({ counts: false })}>
              %
            </Choice>
            <Choice is={state.counts} tip="people" onChoose={() => set({ counts: true })}>
              count
            </Choice>
          </Segments>
          <Segments label="Colours">
            <Choice is={state.scale === 'table'} tip="colours from 0 to the highest rate of the table" onChoose={() => set({ scale: 'table' })}>
              colour by table
            </Choice>
            <Choice
              is={state.scale === 'column'}
              tip="colours from the lowest to the highest rate of each column"
              onChoose={() => set({ scale: 'column' })}
            >
              by column
            </Choice>
          </Segments>
        </>
      )}
      {groups !== null && slice !== '' && <GroupChoice groups={groups} against={state.against} set={set} />}
      {slice === '' && metric.slices.length > 0 && <SliceOffer metric={metric} />}
    </>
  );
}

/** Whose triangle, and against whom. */
function GroupChoice({ groups, against, set }: { readonly groups: Groups; readonly against: string; readonly set: SwitchesProps['set'] }) {
  const { listed, chosen } = groups;
  const isUnlisted = against !== '' && against !== EVERYBODY && !listed.some(({ key }) => `=${key ?? ''}` === against);
  return (
    <span class="versus">
      <label>
        <span class="hidden">Cohorts of</span>
        <select value={`=${chosen.key ?? ''}`} onChange={({ currentTarget }) => set({ of: currentTarget.value.slice(1), cell: '' })}>
          {listed.map(({ key, name }) => (
            <option key={key} value={`=${key ?? ''}`}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        against{' '}
        <select value={against} onChange={({ currentTarget }) => set({ against: currentTarget.value, cell: '' })}>
          <option value="">nobody</option>
          <option value={EVERYBODY}>everybody</option>
          {isUnlisted && <option value={against}>{against.slice(1)}</option>}
          {listed.map(({ key, name }) =>
            key === chosen.key ? null : (
              <option key={key} value={`=${key ?? ''}`}>
                {name}
              </option>
            ),
          )}
        </select>
      </label>
    </span>
  );
}

/** Where nothing is sliced: one step to two groups beside each other. */
function SliceOffer({ metric }: { readonly metric: Metric }) {
  return (
    <label class="versus">
      <span class="hidden">Compare groups</span>
      <select value="" onChange={({ currentTarget }) => change(FRAME_CONTROLS, { slice: currentTarget.value, value: null })}>
        <option value="">compare groups…</option>
        {metric.slices.map(({ name }) => (
          <option key={name} value={name}>
            by {name.replaceAll(',', ' and ')}
          </option>
        ))}
      </select>
    </label>
  );
}

function Segments({ label, children }: { readonly label: string; readonly children: ComponentChildren }) {
  return (
    <fieldset class="segments">
      <legend class="hidden">{label}</legend>
      {children}
    </fieldset>
  );
}

function Choice({
  is,
  tip,
  onChoose,
  children,
}: {
  readonly is: boolean;
  readonly tip: string;
  readonly onChoose: () => void;
  readonly children: ComponentChildren;
}) {
  return (
    <button type="button" aria-pressed={is} data-tip={tip} onClick={onChoose}>
      {children}
    </button>
  );
}
