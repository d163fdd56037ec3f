/**
 * Rows of numbers, as many as it takes. A recording has hundreds of thousands: as objects, all of them would be moved and looked
 * at by the garbage collector, over and over while the lab runs.
 */
export interface Rows {
  readonly count: number;
  /** Adds a row of zeros, and returns its number. */
  add(): number;
  get(row: number, column: number): number;
  set(row: number, column: number, value: number): void;
}

/** @param width numbers in a row */
export function createRows(width: number): Rows {
  let values = new Float64Array(256 * width);
  let count = 0;
  return {
    get count() {
      return count;
    },
    add: () => {
      if ((count + 1) * width > values.length) {
        const more = new Float64Array(values.length * 2);
        more.set(values);
        values = more;
      }
      return count++;
    },
    get: (row, column) => values[row * width + column] ?? NaN,
    set: (row, column, value) => {
      values[row * width + column] = value;
    },
  };
}
