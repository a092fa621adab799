// What the engine does for its callers: queries, batches and interactive transactions, in the native engine's terms.
import { plainResult, rawResult } from './answer.mjs';
import {
  connectionError,
  errorEntry,
  explainExternal,
  QueryError,
  transactionNotFound,
  transactionStartTimeout,
} from './errors.mjs';
import { acquire, PoolTimeoutError } from './pool.mjs';
import { translateQuery } from './query.mjs';

// Prisma's defaults for interactive transactions, in milliseconds.
const TRANSACTION_DEFAULTS = { max_wait: 2000, timeout: 5000 };
// The engine's Rust code panics on anything shorter than the ids that it makes.
const TRANSACTION_ID = /^\w{25,}$/;

/**
 * @typedef {object} Parts
 * @property {import('./engine.mjs').Engine} engine
 * @property {import('./schema.mjs').Models} models
 * @property {import('pg').Pool} pool
 * @property {import('pg').PoolClient[]} reserved read by the adapter, see `createAdapter`
 * @property {import('./adapter.mjs').ErrorRegistry} errors
 * @property {import('./database-url.mjs').Database} database
 * @property {import('./metrics.mjs').Metrics} metrics
 */

export class Service {
  #parts;

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  /**
   * @param {object} body `{query, variables}`, or `{batch: [...], transaction, isolationLevel}`
   * @param {string} [transactionId]
   * @returns {Promise<object>} `{data}`, `{batchResult}` or `{errors}`; never rejects
   */
  async answer(body, transactionId) {
    try {
      return await this.#parts.metrics.timeQuery(() => this.#ask(body, transactionId));
    } catch (error) {
      return { errors: [errorEntry(error)] };
    }
  }

  #ask(body, transactionId) {
    if (transactionId && !TRANSACTION_ID.test(transactionId)) {
      const userFacing = transactionNotFound();
      return { errors: [{ error: userFacing.meta.error, user_facing_error: userFacing }] };
    }
    if (Array.isArray(body?.batch)) return this.#batch(body, transactionId);
    if (typeof body?.query === 'string') return this.#single(body, transactionId);
    throw new QueryError('Expected a body with a "query" or a "batch".');
  }

  async #single(body, transactionId) {
    const { engine, models } = this.#parts;
    const translation = translateQuery(body, models);
    return this.#result(translation, await engine.query(translation.request, transactionId));
  }

  async #batch({ batch, transaction, isolationLevel }, transactionId) {
    const { engine, models } = this.#parts;
    const translations = batch.map((body) => translateQuery(body, models));
    const request = { batch: translations.map(({ request }) => request) };
    if (transaction) request.transaction = { isolationLevel };
    const { batchResult, errors } = await engine.query(request, transactionId);
    if (errors) return this.#failure(errors);
    return { batchResult: batchResult.map((result, index) => this.#result(translations[index], result)) };
  }

  #result({ request, key, renaming }, { data, errors }) {
    if (errors) return this.#failure(errors);
    const [value] = Object.values(data);
    return {
      data: { [key]: request.action === 'queryRaw' ? rawResult(value) : plainResult(value, renaming) },
    };
  }

  #failure(errors) {
    const explained = errors.map(({ error, user_facing_error: given }) => {
      const userFacing = this.#explain(given);
      return { error: userFacing === given ? error : userFacing.message, user_facing_error: userFacing };
    });
    return { errors: explained };
  }

  #explain(userFacing) {
    return explainExternal(userFacing, this.#parts.errors, this.#parts.database);
  }

  /**
   * The engine leaves waiting for a connection to the adapter, which does not know `max_wait`. So the connection is
   * taken here and lies ready for the adapter when the engine asks it for one.
   *
   * @param {{ max_wait?: number, timeout?: number, isolation_level?: string }} options times in milliseconds
   * @returns {Promise<{ id: string } | { error_code: string, message: string }>}
   */
  async startTransaction(options) {
    const { engine, pool, reserved, database, metrics } = this.#parts;
    const { max_wait, timeout, isolation_level } = { ...TRANSACTION_DEFAULTS, ...options };
    let connection;
    try {
      connection = await metrics.timeWait(() => acquire(pool, max_wait));
    } catch (error) {
      return error instanceof PoolTimeoutError ? transactionStartTimeout() : connectionError(error, database);
    }
    reserved.push(connection);
    try {
      return this.#explain(await engine.startTransaction({ max_wait, timeout, isolation_level }));
    } finally {
      const unused = reserved.indexOf(connection);
      if (unused >= 0) reserved.splice(unused, 1)[0].release();
    }
  }

  /** @param {string} id @returns {Promise<object>} empty, or a user-facing error */
  endTransaction(id, how) {
    const { engine } = this.#parts;
    if (!TRANSACTION_ID.test(id)) return transactionNotFound();
    return how === 'commit' ? engine.commitTransaction(id) : engine.rollbackTransaction(id);
  }
}
