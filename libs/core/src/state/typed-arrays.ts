/** Growing typed arrays, keeping what is in them. */

/** Longer arrays grow by a quarter: registers are most of the memory, and half of it empty would be too much. */
const DOUBLED_UP_TO = 4096;

/** At least `length` long, filled up with `fill`. */
export function grownInt32(array: Int32Array<ArrayBuffer>, length: number, fill: number): Int32Array<ArrayBuffer> {
  if (array.length >= length) return array;
  const factor = array.length < DOUBLED_UP_TO ? 2 : 1.25;
  const grown = new Int32Array(Math.max(length, Math.ceil(array.length * factor)));
  grown.set(array);
  if (fill !== 0) grown.fill(fill, array.length);
  return grown;
}

export function grownUint8(array: Uint8Array<ArrayBuffer>, length: number): Uint8Array<ArrayBuffer> {
  if (array.length >= length) return array;
  const grown = new Uint8Array(Math.max(length, array.length * 2));
  grown.set(array);
  return grown;
}

export function grownUint16(array: Uint16Array<ArrayBuffer>, length: number): Uint16Array<ArrayBuffer> {
  if (array.length >= length) return array;
  const grown = new Uint16Array(Math.max(length, array.length * 2));
  grown.set(array);
  return grown;
}

export function grownUint32(array: Uint32Array<ArrayBuffer>, length: number): Uint32Array<ArrayBuffer> {
  if (array.length >= length) return array;
  const grown = new Uint32Array(Math.max(length, array.length * 2));
  grown.set(array);
  return grown;
}

export function grownFloat64(array: Float64Array<ArrayBuffer>, length: number): Float64Array<ArrayBuffer> {
  if (array.length >= length) return array;
  const grown = new Float64Array(Math.max(length, array.length * 2));
  grown.set(array);
  return grown;
}
