// Errors in the shape of the native engine: `{error, user_facing_error: {message, error_code, meta}}`. The Python
// client picks its exception by `error_code` and by a few phrases of the messages.
import { PoolTimeoutError } from './pool.mjs';

// How the engine reports an error that came from the adapter; `meta.id` is its number in the registry.
const EXTERNAL_ERROR = 'P2036';

/** A query that the engine cannot be asked; becomes an error of the answer, not of the server. */
export class QueryError extends Error {
  /** @param {string} message @param {string} [code] a code of Prisma's error reference */
  constructor(message, code) {
    super(message);
    this.code = code;
  }
}

const known = (code, message, meta = {}) => ({ is_panic: false, message, meta, error_code: code });
const unknown = (message, isPanic = false) => ({ is_panic: isPanic, message, backtrace: null });
const entry = (userFacing) => ({ error: userFacing.message, user_facing_error: userFacing });

/**
 * @param {Error} error of translating a query, or of calling the engine
 * @returns {object} one element of an answer's `errors`
 */
export function errorEntry(error) {
  if (error.code && error instanceof QueryError) return entry(known(error.code, error.message));
  return entry(unknown(error.message, error instanceof WebAssembly.RuntimeError));
}

/**
 * The answer to `/transaction/start` when no connection became free within its `max_wait`.
 *
 * @returns {object} a user-facing error
 */
export function transactionStartTimeout() {
  const reason = 'Unable to start a transaction in the given time.';
  return known('P2028', `Transaction API error: ${reason}`, { error: reason });
}

/** @returns {object} a user-facing error for an id that cannot be one of the engine's */
export function transactionNotFound() {
  const reason =
    "Transaction not found. Transaction ID is invalid, refers to an old closed transaction Prisma doesn't have " +
    'information about anymore, or was obtained before disconnecting.';
  return known('P2028', `Transaction API error: ${reason}`, { error: reason });
}

/**
 * Replaces the engine's "error in external connector" by what the native engine says when it loses its database.
 *
 * @param {object} userFacing a user-facing error of the engine
 * @param {import('./adapter.mjs').ErrorRegistry} registry
 * @param {import('./database-url.mjs').Database} database
 * @returns {object} a user-facing error
 */
export function explainExternal(userFacing, registry, database) {
  if (userFacing.error_code !== EXTERNAL_ERROR) return userFacing;
  const error = registry.take(userFacing.meta?.id);
  const batch = 'batch_request_idx' in userFacing ? { batch_request_idx: userFacing.batch_request_idx } : {};
  return error ? { ...connectionError(error, database), ...batch } : userFacing;
}

/**
 * @param {Error} error of the pool or of a connection
 * @param {import('./database-url.mjs').Database} database
 * @returns {object} a user-facing error
 */
export function connectionError(error, { client: { host, port }, poolTimeoutMs, connectionLimit }) {
  if (error instanceof PoolTimeoutError) {
    const timeout = poolTimeoutMs / 1000;
    return known(
      'P2024',
      'Timed out fetching a new connection from the connection pool. More info: http://pris.ly/d/connection-pool ' +
        `(Current connection pool timeout: ${timeout}, connection limit: ${connectionLimit})`,
      { connection_limit: connectionLimit, timeout },
    );
  }
  if (isUnreachable(error)) {
    return known(
      'P1001',
      `Can't reach database server at \`${host}\`:\`${port}\`\n\n` +
        `Please make sure your database server is running at \`${host}\`:\`${port}\`.`,
      { database_host: host, database_port: port },
    );
  }
  return isClosed(error) ? known('P1017', 'Server has closed the connection.') : unknown(error.message);
}

// `timeout expired` is what `pg` says when a connection is not up within `connect_timeout`.
const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ENOENT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
]);

function isUnreachable(error) {
  return UNREACHABLE.has(error.code) || error.message === 'timeout expired';
}

function isClosed({ code, message }) {
  return code === 'ECONNRESET' || code === 'EPIPE' || /^Connection terminated|is not queryable$/.test(message);
}
