/** Counts what happened: by name, and by the step of production code at which each fault struck. */
import type { FaultName } from './faults.ts';
import type { SimulatedCall } from './schedule.ts';
import type { Step } from './steps.ts';

/** How often something happened, by name. */
export type Counts = Record<string, number>;

export class Tally {
  readonly counts: Counts = {};
  /** By fault. */
  readonly faults: Counts = {};
  /** By step and fault, as `step · fault`. */
  readonly struck: Counts = {};

  count(name: string): void {
    add(this.counts, name, 1);
  }

  /** A fault that struck these calls, or `step` when there were none. */
  strike(fault: FaultName, calls: readonly SimulatedCall[], otherwise: Step | null): void {
    add(this.faults, fault, 1);
    const steps = new Set(calls.map(({ step }) => step));
    for (const step of steps) add(this.struck, cellName(step, fault), 1);
    if (steps.size === 0 && otherwise !== null) add(this.struck, cellName(otherwise, fault), 1);
  }

  /** A fault that goes on has struck once more. */
  struckBy(fault: FaultName, step: Step): void {
    add(this.struck, cellName(step, fault), 1);
  }
}

export function cellName(step: Step, fault: FaultName): string {
  return `${step} · ${fault}`;
}

export function addCounts(into: Counts, more: Readonly<Counts>): void {
  for (const [name, count] of Object.entries(more)) add(into, name, count);
}

function add(counts: Counts, name: string, count: number): void {
  counts[name] = (counts[name] ?? 0) + count;
}
