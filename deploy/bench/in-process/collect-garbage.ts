// What of the heap is in use, after everything that nothing refers to has been collected.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

/** Bytes: objects on the heap, and typed arrays beside it. */
export interface HeapUse {
  readonly heapBytes: number;
  readonly arrayBytes: number;
}

export function heapInUse(): HeapUse {
  // Twice: what the first frees may have held arrays, whose memory goes with the second.
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return { heapBytes: heapUsed, arrayBytes: arrayBuffers };
}
