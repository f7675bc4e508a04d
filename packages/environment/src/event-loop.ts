/** The event loop that everything of a process runs on, as far as those care who must not ask too much of it. */
export interface EventLoop {
  /** Milliseconds in which it had nothing to do and waited, since the process began. Never goes back. */
  idle(): number;
}

/** The process's own. */
export function systemEventLoop(): EventLoop {
  const { nodeTiming } = performance;
  return { idle: () => nodeTiming.idleTime };
}
