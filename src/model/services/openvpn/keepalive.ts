import type { Clock } from '../../clock.ts';

/** `--ping` and `--ping-restart` of one side. */
export interface Watch {
  /** Something was sent. */
  sent(): void;
  /** Something was heard of the other side. */
  heard(): void;
  stop(): void;
}

export interface WatchOptions {
  /** Seconds without sending after which a ping is sent; null: never. */
  readonly interval: number | null;
  readonly ping: () => void;
  /** Seconds without hearing after which the other side is given up; null: never. */
  readonly timeout: number | null;
  readonly silent: () => void;
}

export function createWatch(clock: Clock, { interval, ping, timeout, silent }: WatchOptions): Watch {
  const timer = (
    seconds: number | null,
    action: () => void,
  ): { readonly restart: () => void; readonly stop: () => void } => {
    let cancel: (() => void) | null = null;
    const stop = (): void => cancel?.();
    const restart = (): void => {
      stop();
      if (seconds !== null) cancel = clock.after(seconds, action);
    };
    restart();
    return { restart, stop };
  };
  const sending = timer(interval, () => {
    sending.restart();
    ping();
  });
  const hearing = timer(timeout, silent);
  return {
    sent: sending.restart,
    heard: hearing.restart,
    stop: () => {
      sending.stop();
      hearing.stop();
    },
  };
}
