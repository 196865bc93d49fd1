/** How a control record is marked in the log. */

/** Marks a control record. The value says which; `tick` is the only one. */
export const CONTROL_HEADER = 'tidemark-control';
export const TICK = 'tick';
