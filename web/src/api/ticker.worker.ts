// Timers of hidden pages are slowed to one a minute; a worker's are not. It only says that time has passed.
const timers = new Map<number, ReturnType<typeof setInterval>>();

self.onmessage = (event: MessageEvent<{ id: number; ms: number | null }>) => {
  const { id, ms } = event.data;
  clearInterval(timers.get(id));
  timers.delete(id);
  if (ms !== null) timers.set(id, setInterval(() => self.postMessage(id), ms));
};
