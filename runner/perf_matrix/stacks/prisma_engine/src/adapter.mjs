// The engine's door to the database: the driver adapter interface of Prisma 5.22 over a `pg` pool.
//
// `@prisma/adapter-pg` is not used because it differs from the native engine where that shows: it reads `timestamptz`
// rightly only in UTC sessions, refuses rows with a column type that it does not list (`name`, `interval`), closes a
// connection after every failed statement and leaks one when Postgres goes away within a transaction.
import { err, ok } from '@prisma/driver-adapter-utils';

import { engineRows } from './columns.mjs';
import { acquire, isConnectionLost, runStatement } from './pool.mjs';

const NAMES = { provider: 'postgres', adapterName: 'perf-matrix' };

/** What the engine reports for an error of ours: a number, by which the error is found again for the answer. */
export class ErrorRegistry {
  #errors = new Map();
  #next = 0;

  /** @param {Error} error */
  register(error) {
    this.#errors.set(this.#next, error);
    return this.#next++;
  }

  /** @returns {Error | undefined} the error, once */
  take(id) {
    const error = this.#errors.get(id);
    this.#errors.delete(id);
    return error;
  }
}

/**
 * @param {object} options
 * @param {import('pg').Pool} options.pool
 * @param {import('./database-url.mjs').Database} options.database
 * @param {ErrorRegistry} options.errors
 * @param {import('./metrics.mjs').Metrics} options.metrics
 * @param {import('pg').PoolClient[]} options.reserved connections taken for interactive transactions about to start
 */
export function createAdapter({ pool, database, errors, metrics, reserved }) {
  const connect = () => metrics.timeWait(() => acquire(pool, database.poolTimeoutMs));

  async function runOnPool(statement) {
    const connection = await connect();
    try {
      const result = await run(connection, statement);
      connection.release();
      return result;
    } catch (error) {
      connection.release(isConnectionLost(error));
      throw error;
    }
  }

  function run(connection, { sql, args, argTypes }) {
    const values = args.map((value, index) => parameter(value, argTypes[index]));
    return metrics.timeStatement(() => runStatement(connection, sql, values));
  }

  const failure = (error) => err(engineError(error, errors));
  const attempt = (action, answer) =>
    action()
      .then((result) => ok(answer(result)))
      .catch(failure);
  const queryable = (runOne) => ({
    ...NAMES,
    queryRaw: (statement) => attempt(() => runOne(statement), engineRows),
    executeRaw: (statement) => attempt(() => runOne(statement), affectedRows),
  });

  function transaction(connection) {
    let held = true;
    const release = (lost) => {
      if (held) connection.release(lost);
      held = false;
    };
    // After a lost connection the engine gives up without a word, so that the connection has to be let go of here.
    const runOne = (statement) =>
      run(connection, statement).catch((error) => {
        if (isConnectionLost(error)) release(true);
        throw error;
      });
    const end = async () => ok(release(false));
    return {
      ...queryable(runOne),
      // The engine sends BEGIN, COMMIT and ROLLBACK itself; commit and rollback only return the connection.
      startTransaction: async () =>
        ok({ ...queryable(runOne), options: { usePhantomQuery: false }, commit: end, rollback: end }),
    };
  }

  return {
    ...queryable(runOnPool),
    getConnectionInfo: () => ok({ schemaName: database.schema }),
    transactionContext: () => attempt(async () => reserved.shift() ?? connect(), transaction),
  };
}

const affectedRows = ({ rowCount }) => rowCount ?? 0;

// The engine renders every DateTime in UTC without saying so; Postgres would read it in the session's time zone.
function parameter(value, type) {
  return type === 'DateTime' && typeof value === 'string' ? `${value}+00` : value;
}

function engineError(error, errors) {
  if (error.severity && error.code) {
    const { code, severity, message, detail, column, hint } = error;
    return { kind: 'Postgres', code, severity, message, detail, column, hint };
  }
  return { kind: 'GenericJs', id: errors.register(error) };
}
