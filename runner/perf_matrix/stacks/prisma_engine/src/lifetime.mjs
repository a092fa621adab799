// When the engine ends: on a signal, or when the process that started it is gone.
import { setTimeout as sleep } from 'node:timers/promises';

const PARENT_POLL_MS = 500;
// Together well under the two seconds after which callers lose patience.
const DRAIN_MS = 1000;
const DISCONNECT_MS = 500;

/**
 * @param {object} options
 * @param {import('node:http').Server} options.server
 * @param {import('pg').Pool} options.pool
 */
export function endWithCallers({ server, pool }) {
  let stopping = false;
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    await drain(server);
    // An open transaction keeps its connection; Postgres rolls it back when the process is gone.
    await Promise.race([pool.end(), sleep(DISCONNECT_MS)]);
    process.exit(0);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);

  // A killed caller cannot say goodbye; its orphan is given another parent.
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && stop(), PARENT_POLL_MS).unref();
}

// Lets requests that are under way finish, within a limit; connections that are only kept alive are closed at once.
async function drain(server) {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeIdleConnections();
  await Promise.race([closed, sleep(DRAIN_MS)]);
  server.closeAllConnections();
}
