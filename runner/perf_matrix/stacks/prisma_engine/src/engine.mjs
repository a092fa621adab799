// Prisma's query engine, compiled to WebAssembly, as an object with promises.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const RUNTIME = '@prisma/client/runtime/query_engine_bg.postgresql';
const NO_TRACE = '{}';

function loadQueryEngine() {
  const bindings = require(`${RUNTIME}.js`);
  const module = new WebAssembly.Module(readFileSync(require.resolve(`${RUNTIME}.wasm`)));
  const instance = new WebAssembly.Instance(module, { './query_engine_bg.js': bindings });
  bindings.__wbg_set_wasm(instance.exports);
  return bindings.QueryEngine;
}

export class Engine {
  #core;
  #inFlight = new Set();

  /**
   * @param {object} options
   * @param {string} options.datamodel as `engineDatamodel` gives it
   * @param {object} options.adapter as `createAdapter` gives it
   * @param {(line: string) => void} options.log receives the engine's own errors, one JSON line each
   */
  constructor({ datamodel, adapter, log }) {
    const QueryEngine = loadQueryEngine();
    const options = { datamodel, logLevel: 'error', logQueries: false, engineProtocol: 'json' };
    this.#core = new QueryEngine(options, log, adapter);
  }

  /** Builds the engine's query schema. Sends nothing to the database. */
  connect() {
    return this.#core.connect(NO_TRACE);
  }

  /**
   * @param {object} request a query or a batch of the JSON protocol
   * @param {string} [transactionId] of the interactive transaction to run it in
   * @returns {Promise<object>} `{data}` or `{batchResult}`, or `{errors}`
   */
  query(request, transactionId) {
    return this.#call(() => this.#core.query(JSON.stringify(request), NO_TRACE, transactionId));
  }

  /**
   * @param {{ max_wait: number, timeout: number, isolation_level?: string }} options times in milliseconds
   * @returns {Promise<{ id: string }>} or a user-facing error, which has an `error_code`
   */
  startTransaction(options) {
    return this.#call(() => this.#core.startTransaction(JSON.stringify(options), NO_TRACE));
  }

  /** @param {string} id @returns {Promise<object>} empty, or a user-facing error */
  commitTransaction(id) {
    return this.#call(() => this.#core.commitTransaction(id, NO_TRACE));
  }

  /** @param {string} id @returns {Promise<object>} empty, or a user-facing error */
  rollbackTransaction(id) {
    return this.#call(() => this.#core.rollbackTransaction(id, NO_TRACE));
  }

  /**
   * A panic in WebAssembly reaches JavaScript as an uncaught exception and leaves its call for ever without an answer.
   * Which call it was cannot be known, so all that are under way fail; later ones work.
   *
   * @param {WebAssembly.RuntimeError} error
   */
  failInFlight(error) {
    for (const reject of this.#inFlight) reject(error);
  }

  #call(start) {
    return new Promise((resolve, reject) => {
      this.#inFlight.add(reject);
      start()
        .then((text) => resolve(JSON.parse(text)))
        .catch(reject)
        .finally(() => this.#inFlight.delete(reject));
    });
  }
}
