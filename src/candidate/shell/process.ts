/** Work that may have to wait, and whoever does it beside others. */

/** Work that yields what it has to wait for, and is gone on with when that has come. */
export type Job<T> = Generator<Wait, T, void>;

/** Calls `resume` when what is waited for may have come: at once or later, once or again. */
export type Wait = (resume: () => void) => void;

/** Time, as far as who waits has to know it. */
export interface Timer {
  /** Seconds since some beginning. */
  readonly now: number;
  /** Has `action` carried out in so many seconds; those of the same time in the order in which they were asked for. */
  after(seconds: number, action: () => void): void;
}

/** Work that goes on by itself. */
export interface Process {
  /** Its number, such as `$!`. */
  readonly id: number;
  /** What it ended with; `null` while it goes on. */
  readonly status: number | null;
  /** Waits for its end. */
  ended(): Job<number>;
  /** Ends it by a signal, as soon as whoever is at work now has come to wait. */
  kill(signal: number): void;
}

/** The processes of a machine. Each works until it has to wait, and only then another does. */
export interface Processes {
  readonly timer: Timer;
  /**
   * Begins a process that works as soon as whoever is at work now has come to wait.
   *
   * @param ended is called at its end, however that came
   */
  start(job: Job<number>, ended?: () => void): Process;
  find(id: number): Process | undefined;
}

export function createProcesses(timer: Timer): Processes {
  const all = new Map<number, Process>();
  return {
    timer,
    find: (id) => all.get(id),
    start: (job, ended) => {
      const process = begin(all.size + 1, timer, job, ended);
      all.set(process.id, process);
      return process;
    },
  };
}

function begin(id: number, timer: Timer, job: Job<number>, ended: () => void = () => undefined): Process {
  let status: number | null = null;
  /** Counts what it has waited for: who calls it for something older is not heard. */
  let waits = 0;
  const listeners = createSignal();
  const end = (value: number): void => {
    status = value;
    ended();
    listeners.give();
  };
  const step = (): void => {
    if (status !== null) return;
    const { done, value } = job.next();
    if (done) {
      end(value);
      return;
    }
    const mine = waits;
    value(() => {
      if (mine !== waits) return;
      waits += 1;
      timer.after(0, step);
    });
  };
  timer.after(0, step);
  return {
    id,
    get status() {
      return status;
    },
    *ended() {
      while (status === null) yield listeners.wait;
      return status;
    },
    kill: (signal) => {
      timer.after(0, () => {
        if (status !== null) return;
        job.return(0);
        end(128 + signal);
      });
    },
  };
}

/** Something that can be waited for by many. */
export interface Signal {
  readonly wait: Wait;
  /** Has all go on that wait. */
  give(): void;
}

export function createSignal(): Signal {
  let waiting: (() => void)[] = [];
  return {
    wait: (resume) => {
      waiting.push(resume);
    },
    give: () => {
      const all = waiting;
      waiting = [];
      for (const resume of all) resume();
    },
  };
}

/** Waits for some time to pass. */
export function* pass(timer: Timer, seconds: number): Job<void> {
  yield (resume) => {
    timer.after(seconds, resume);
  };
}
