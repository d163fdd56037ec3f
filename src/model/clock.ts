/** Virtual time. Nothing in the model takes any but what is put on the clock. */
export interface Clock {
  /** Seconds since the beginning. */
  readonly now: number;
  /** Has `action` carried out in so many seconds; the returned function calls it off. */
  after(seconds: number, action: () => void): () => void;
  /** Carries out the next action, at its time. Returns false if there is none. */
  step(): boolean;
  /** When the next action is due, or null. */
  readonly next: number | null;
}

interface Event {
  readonly time: number;
  readonly sequence: number;
  action: (() => void) | null;
}

/** A clock at 0. Actions of the same time are carried out in the order in which they were asked for. */
export function createClock(): Clock {
  const heap: Event[] = [];
  let now = 0;
  let sequence = 0;
  const isBefore = (one: Event, other: Event): boolean =>
    one.time < other.time || (one.time === other.time && one.sequence < other.sequence);

  const push = (event: Event): void => {
    let index = heap.length;
    heap.push(event);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent]!;
      if (!isBefore(event, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = event;
  };
  const pop = (): Event | undefined => {
    const [first] = heap;
    const last = heap.pop();
    if (!first || !last || heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      const below = heap[child]!;
      if (!isBefore(below, last)) break;
      heap[index] = below;
      index = child;
    }
    heap[index] = last;
    return first;
  };
  const dropCalledOff = (): void => {
    while (heap[0]?.action === null) pop();
  };

  return {
    get now() {
      return now;
    },
    get next() {
      dropCalledOff();
      return heap[0]?.time ?? null;
    },
    after: (seconds, action) => {
      if (!(seconds >= 0)) throw new RangeError(`expected a time to come, got ${seconds} s`);
      const event: Event = { time: now + seconds, sequence: sequence++, action };
      push(event);
      return () => {
        event.action = null;
      };
    },
    step: () => {
      dropCalledOff();
      const event = pop();
      if (!event?.action) return false;
      now = event.time;
      event.action();
      return true;
    },
  };
}
