/** The worker's permanent check of itself. */
export { type ActorCheck, type ActorChecker, type ActorCheckOptions, createActorChecker, type HeldLineage } from './self-check.ts';
export { type SelfCheckEvent, type SelfCheckOptions, startSelfCheck } from './self-check-loop.ts';
