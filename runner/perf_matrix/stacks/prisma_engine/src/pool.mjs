// Connections to Postgres: a `pg` pool with Prisma's limits, and statements on its connections.
import pg from 'pg';

const TEXT_ONLY = { getTypeParser: () => (text) => text };

/** No connection became free in time: `pool_timeout` of the URL, or `max_wait` of a transaction. */
export class PoolTimeoutError extends Error {}

/**
 * @param {import('./database-url.mjs').Database} database
 * @returns {pg.Pool}
 */
export function createPool({ client, connectionLimit }) {
  const pool = new pg.Pool({
    ...client,
    max: connectionLimit,
    // Waiting for a free connection is limited by `acquire`; connecting, by the client's own time-out.
    Client: class extends pg.Client {
      constructor(options) {
        // `pg` hides the password from being copied, so it is given by name.
        super({ ...options, password: client.password, connectionTimeoutMillis: client.connectionTimeoutMillis });
      }
    },
    connectionTimeoutMillis: 0,
    idleTimeoutMillis: 0, // Like the native engine, keep what was opened.
    keepAlive: true,
  });
  // A connection that Postgres closes while nobody uses it is dropped by the pool; the event needs no answer. One
  // that is closed in use fails its statement, so that its own event only has to be kept from ending the process.
  pool.on('error', () => {});
  pool.on('connect', (connection) => connection.on('error', () => {}));
  return pool;
}

/**
 * @param {pg.Pool} pool
 * @param {number} waitMs longest wait for a connection; 0 waits for ever
 * @returns {Promise<pg.PoolClient>}
 * @throws {PoolTimeoutError}
 */
export async function acquire(pool, waitMs) {
  const connecting = pool.connect();
  if (!waitMs) return connecting;
  let timer;
  const timeout = new Promise((_, reject) => {
    timer = setTimeout(() => {
      // The pool cannot take a request back: what it hands out too late is returned at once.
      connecting.then(
        (connection) => connection.release(),
        () => {},
      );
      reject(new PoolTimeoutError(`no connection became free within ${waitMs} ms`));
    }, waitMs);
  });
  return Promise.race([connecting, timeout]).finally(() => clearTimeout(timer));
}

/**
 * One statement by the extended protocol, which refuses several statements in one text as the native engine does.
 *
 * @param {pg.PoolClient} connection
 * @param {string} text
 * @param {unknown[]} values
 * @returns {Promise<pg.QueryArrayResult>} every value as Postgres' text
 */
export function runStatement(connection, text, values) {
  return connection.query({ text, values, rowMode: 'array', queryMode: 'extended', types: TEXT_ONLY });
}

/**
 * Whether an error says that the connection itself is lost, and not just its statement.
 *
 * @param {Error} error
 */
export function isConnectionLost(error) {
  return !(error instanceof pg.DatabaseError) || error.severity === 'FATAL';
}
