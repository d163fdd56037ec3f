/** A bound on how long something may take. */
export interface Deadline extends Disposable {
  readonly passed: boolean;
}

/** Calls `end` when the time has passed, unless it is disposed of before. */
export function deadline(seconds: number, end: () => void): Deadline {
  let passed = false;
  const timer = setTimeout(() => {
    passed = true;
    end();
  }, seconds * 1000);
  return {
    get passed() {
      return passed;
    },
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}
