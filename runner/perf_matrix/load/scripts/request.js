// One request of the plan. Redirects are answers like any other; no cookie outlives its request, so that the
// answer to a login does not log in the requests after it.
import http from 'k6/http';

export function send(endpoint, arm, timeoutS) {
  return http.request(endpoint.method, endpoint.urls[arm], endpoint.body, {
    headers: endpoint.headers,
    jar: new http.CookieJar(),
    redirects: 0,
    timeout: `${timeoutS * 1000}ms`,
  });
}
