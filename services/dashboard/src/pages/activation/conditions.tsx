/** Which condition is missing most: each as a bar of those who met it within the window, the most missed first. */
import { moveByKey } from '../../parts/data-table.tsx';
import { exact, FEW, percent, rateInWords } from '../../show/numbers.ts';
import { conditionsOf, type Group, poolOf } from './figures.ts';

export function Conditions({ groups, chosen }: { readonly groups: readonly Group[]; readonly chosen: string }) {
  const pools = groups.map((group) => ({ ...group, pool: poolOf(group, chosen) }));
  const named = pools.map(({ name, colour, pool }) => ({ name, colour, conditions: conditionsOf(pool) }));
  const met = (index: number): number => named.reduce((sum, { conditions }) => sum + (conditions[index]?.part ?? 0), 0);
  const order = (named[0]?.conditions ?? []).map(({ name }, index) => ({ name, index, met: met(index) })).sort((one, other) => one.met - other.met);
  const isSoFar = pools.some(({ pool }) => pool.isSoFar);
  return (
    <section aria-label="Conditions">
      <h2>Conditions, the most missed first</h2>
      <p class="dim small">
        Each judged on the whole window
        {chosen === '' && (isSoFar ? ', of all cohorts so far' : ', in the final cohorts')}
        {chosen !== '' && isSoFar && ', so far'}
      </p>
      <ul
        class={groups.length > 1 ? 'conditions grouped' : 'conditions'}
        onKeyDown={(event) => moveByKey(event, { rows: order.length, columns: groups.length })}
      >
        {order.map(({ name, index }, row) => (
          <li key={`${index} ${name}`}>
            <span class="condition-name">{name}</span>
            {named.map(({ name: group, colour, conditions }, column) => {
              const { part = 0, of = 0, rate = null } = conditions[index] ?? {};
              const words = `${group === '' ? '' : `${group}, `}${name}: ${rateInWords(part, of)}; missed by ${exact(of - part)}`;
              return (
                <div
                  key={`${column} ${group}`}
                  class={`condition ${of < FEW ? 'few' : ''}`}
                  role="img"
                  tabIndex={row === 0 && column === 0 ? 0 : -1}
                  data-cell={`${row}:${column}`}
                  aria-label={words}
                  data-tip={words}
                >
                  <i class="condition-track">
                    <i
                      class={isSoFar ? 'not-final' : undefined}
                      style={{ width: `${(rate ?? 0) * 100}%`, backgroundColor: `var(${of < FEW ? '--ink-3' : colour})` }}
                    />
                  </i>
                  <span>
                    {group !== '' && <>{group}: </>}
                    {exact(part)} of {exact(of)} met
                  </span>
                  <span class="condition-rate">{percent(rate)}</span>
                </div>
              );
            })}
          </li>
        ))}
      </ul>
    </section>
  );
}
