// The script of a slot: sends each request of a sequence at its moment, whether those before it are answered or
// not, and logs one line for each. What it may send stands in the plan, whose path is given in PERF_MATRIX_PLAN.
import { SharedArray } from 'k6/data';
import exec from 'k6/execution';
import { failuresOf } from './checks.js';
import { send } from './request.js';

const plan = JSON.parse(open(__ENV.PERF_MATRIX_PLAN));
// A file of its own, and in memory once, not once for each virtual user: it can be long.
const sequence = new SharedArray('sequence', () => JSON.parse(open(plan.sequence_path)));

export const options = {
  systemTags: [],
  scenarios: {
    slot: {
      executor: 'constant-arrival-rate',
      rate: 1,
      timeUnit: `${plan.period_ns}ns`,
      duration: `${plan.duration_ns}ns`,
      // All at the start: k6 drops a request for each virtual user that it has to make meanwhile.
      preAllocatedVUs: plan.in_flight,
      maxVUs: plan.in_flight,
      gracefulStop: `${plan.grace_s}s`,
    },
  },
};

export default function () {
  const id = exec.scenario.iterationInTest;
  const endpoint = plan.endpoints[sequence[id]];
  const answer = send(endpoint, plan.arm, plan.request_timeout_s);
  const failures = failuresOf(answer, endpoint.expect, plan.request_timeout_s);
  console.log(plan.marker + JSON.stringify({ id, result: { latency_ms: answer.timings.duration, failures } }));
}

export function handleSummary({ metrics }) {
  const count = (name) => (metrics[name] ? metrics[name].values.count : 0);
  const summary = {
    iterations: count('iterations'),
    dropped_iterations: count('dropped_iterations'),
    http_reqs: count('http_reqs'),
  };
  return { [plan.summary_path]: JSON.stringify(summary) };
}
