import TinyQueue from 'tinyqueue';

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
  const queue = new TinyQueue<Event>([], (one, other) => one.time - other.time || one.sequence - other.sequence);
  let now = 0;
  let sequence = 0;
  const dropCalledOff = (): void => {
    while (queue.peek()?.action === null) queue.pop();
  };
  return {
    get now() {
      return now;
    },
    get next() {
      dropCalledOff();
      return queue.peek()?.time ?? null;
    },
    after: (seconds, action) => {
      if (!(seconds >= 0)) throw new RangeError(`expected a time to come, got ${seconds} s`);
      const event: Event = { time: now + seconds, sequence: sequence++, action };
      queue.push(event);
      return () => {
        event.action = null;
      };
    },
    step: () => {
      dropCalledOff();
      const event = queue.pop();
      if (!event?.action) return false;
      now = event.time;
      event.action();
      return true;
    },
  };
}
