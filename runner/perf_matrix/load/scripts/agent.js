// The agent's script: takes commands from the control server, one at a time, and logs one line for each result.
// What it may send stands in the plan, a JSON file whose path is given in PERF_MATRIX_PLAN.
import http from 'k6/http';
import { Counter } from 'k6/metrics';
import { failuresOf, isPresent, isUnanswered } from './checks.js';
import { send } from './request.js';

const FAILURES_TOLD = 5;

const plan = JSON.parse(open(__ENV.PERF_MATRIX_PLAN));
const questions = new Counter('questions');
const controls = new Counter('controls');
const actions = { probe, serial, block };

export const options = {
  systemTags: [],
  scenarios: {
    agent: { executor: 'per-vu-iterations', vus: 1, iterations: 1, maxDuration: '720h', gracefulStop: '0s' },
  },
};

export default function () {
  report(0, {});
  for (let command = ask(); command.verb !== 'stop'; command = ask()) {
    if (command.verb !== 'wait') {
      report(command.id, actions[command.verb](plan.endpoints[command.endpoint], command));
    }
  }
}

// Throws, and so ends k6, where nobody is there any more to ask.
function ask() {
  questions.add(1);
  return http.get(plan.commands_url, { timeout: '10m' }).json();
}

function report(id, result) {
  console.log(plan.marker + JSON.stringify({ id, result }));
}

function probe(endpoint, { arm }) {
  const answer = send(endpoint, arm, plan.request_timeout_s);
  return {
    status: answer.status,
    present: isPresent(answer, endpoint.expect),
    latency_ms: answer.timings.duration,
    failures: failuresOf(answer, endpoint.expect, plan.request_timeout_s),
  };
}

function serial(endpoint, { arm, requests }) {
  const result = { latencies_ms: [], failed: 0, failures: [], rows: [] };
  for (let sent = 0, unanswered = false; sent < requests && !unanswered; sent += 1) {
    const answer = send(endpoint, arm, plan.request_timeout_s);
    const failures = failuresOf(answer, endpoint.expect, plan.request_timeout_s);
    if (failures.length === 0) {
      result.latencies_ms.push(answer.timings.duration);
      result.rows.push(...rowsOf(answer, endpoint.rows));
    } else {
      result.failed += 1;
      tell(result.failures, failures);
    }
    unanswered = isUnanswered(answer);
  }
  return result;
}

// Nothing where the endpoint is no list, or the answer has no such number.
function rowsOf(answer, path) {
  const rows = path === null ? undefined : answer.json(path);
  return Number.isInteger(rows) ? [rows] : [];
}

function block(endpoint, { head_first: order }) {
  const result = {
    base_ms: [],
    head_ms: [],
    head_first: [],
    failed: { base: 0, head: 0 },
    failures: [],
    control_ms: plan.control === null ? {} : { base: [], head: [] },
    control_failure: null,
  };
  sendPair(endpoint, order[0]);
  for (let sent = 0, ended = false; sent < order.length && !ended; sent += 1) {
    const pair = sendPair(endpoint, order[sent]);
    addPair(result, endpoint, pair, order[sent]);
    result.control_failure = controlFailure(pair);
    ended = result.control_failure !== null || isUnanswered(pair.base.answer) || isUnanswered(pair.head.answer);
  }
  return result;
}

// Nothing but the next request follows on an answer: checks wait until all answers are there.
function sendPair(endpoint, headFirst) {
  const pair = {};
  for (const arm of headFirst ? ['head', 'base'] : ['base', 'head']) {
    const control = plan.control === null ? null : sendControl(arm);
    pair[arm] = { control, answer: send(endpoint, arm, plan.request_timeout_s) };
  }
  return pair;
}

function sendControl(arm) {
  controls.add(1);
  return send(plan.control, arm, plan.request_timeout_s);
}

// What is wrong with the first bad answer to a control request of the pair; null where none is.
function controlFailure({ base, head }) {
  if (plan.control === null) {
    return null;
  }
  const answers = [base.control, head.control];
  const failures = answers.flatMap((answer) => failuresOf(answer, plan.control.expect, plan.request_timeout_s));
  return failures.length > 0 ? failures[0] : null;
}

function addPair(result, endpoint, pair, headFirst) {
  let good = true;
  for (const arm of ['base', 'head']) {
    const failures = failuresOf(pair[arm].answer, endpoint.expect, plan.request_timeout_s);
    if (failures.length > 0) {
      good = false;
      result.failed[arm] += 1;
      tell(result.failures, failures.map((failure) => `${arm}: ${failure}`));
    }
  }
  if (good) {
    result.base_ms.push(pair.base.answer.timings.duration);
    result.head_ms.push(pair.head.answer.timings.duration);
    result.head_first.push(headFirst);
    for (const arm of Object.keys(result.control_ms)) {
      result.control_ms[arm].push(pair[arm].control.timings.duration);
    }
  }
}

// Keeps the first few different failures.
function tell(told, failures) {
  for (const failure of failures) {
    if (told.length < FAILURES_TOLD && !told.includes(failure)) {
      told.push(failure);
    }
  }
}

export function handleSummary({ metrics }) {
  const count = (name) => (metrics[name] ? metrics[name].values.count : 0);
  const summary = {
    iterations: count('iterations'),
    dropped_iterations: count('dropped_iterations'),
    http_reqs: count('http_reqs') - count('questions') - count('controls'),
  };
  return { [plan.summary_path]: JSON.stringify(summary) };
}
